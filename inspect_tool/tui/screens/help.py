"""The help screen: every key, from the tables that bind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from inspect_tool.tui.actions import (
    ACTIONS,
    DIFF_ACTIONS,
    GROUPS,
    LIVE_ACTIONS,
    PLAN_ACTIONS,
    RUN_ACTIONS,
    SCALE_ACTIONS,
    spoken,
)
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.passage_view import PassageView
from inspect_tool.tui.widgets.token_view import TokenView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult

KEYS_WIDTH: Final = 24

LEGEND: Final = (
    ("trained", "the model is trained to say this: its label enters the loss"),
    ("masked", "context only: the label is -100 and the loss leaves it out"),
)

_SCREENS: Final = (
    ("Diff", DIFF_ACTIONS),
    ("Live", LIVE_ACTIONS),
    ("Plan", PLAN_ACTIONS),
    ("Scale", SCALE_ACTIONS),
    ("Run", RUN_ACTIONS),
)


class HelpScreen(ModalScreen[None]):
    """Every key by group; closed by escape or the key that opened it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "dismiss", "Close", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Lay out one scrolling text."""
        with VerticalScroll(id="help"):
            yield Static(help_text())

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines, as lists do."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def help_text() -> Text:
    """Return every key with what it does."""
    text = Text("Keys", style="bold")
    text.append("     escape closes\n", style="dim not bold")
    for title, entries in help_groups():
        text.append(f"\n{title}\n", style="bold underline")
        for keys, does in entries:
            text.append(f"  {keys:<{KEYS_WIDTH}}", style="bold")
            text.append(f"{does}\n", style="not bold")
    return text


def help_groups() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each group's title and its keys with what they do."""
    token_keys = [*PassageView.BINDINGS, *TokenView.BINDINGS]
    yield "Tokens", [entry for entry in map(_entry, token_keys) if entry]
    for group in GROUPS:
        yield (
            group,
            [
                ("  ".join(spoken(key) for key in action.keys), action.title)
                for action in ACTIONS
                if action.group == group
            ],
        )
    for name, actions in _SCREENS:
        entries = [("  ".join(map(spoken, action.keys)), action.title) for action in actions]
        yield f"On the {name} screen", entries
    lists = [entry for entry in map(_entry, LineList.BINDINGS) if entry]
    yield "Lists", [*lists, ("escape", "Back to the tokens"), ("tab", "Next pane")]
    yield "What the colours say", list(LEGEND)


def _entry(binding: BindingType) -> tuple[str, str] | None:
    if not isinstance(binding, Binding) or not binding.description:
        return None
    keys = "  ".join(spoken(key.strip()) for key in binding.key.split(","))
    return keys, binding.description
