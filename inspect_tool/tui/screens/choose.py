"""A small list to choose one thing from: a config, a sort order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

Choice = tuple[Line, Line]
"""A choice's left and right parts."""


class Choices(LineList):
    """The list itself."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._choices = choices

    def count(self) -> int:
        """Return the number of choices."""
        return len(self._choices)

    def line(self, index: int) -> Choice:
        """Return one choice."""
        return self._choices[index]


class ChooseScreen(ModalScreen[int | None]):
    """Returns the number of the choice, None when it was closed without one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close", show=False),
    ]

    def __init__(
        self, title: str, choices: Sequence[Choice], *, chosen: int = 0, text: str = ""
    ) -> None:
        """``text`` is what there is to know before choosing, safe to print."""
        super().__init__()
        self._heading, self._choices, self._chosen = title, choices, chosen
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay out the title over the list."""
        with Vertical(id="choose"):
            keys = (Part("enter chooses, escape closes", "dim"),)
            yield Bar((Part(self._heading, "strong"),), keys)
            if self._text:
                yield Label(self._text, markup=False, id="choose-text")
            yield Choices(self._choices)

    def on_mount(self) -> None:
        """Put the cursor on the present choice."""
        choices = self.query_one(Choices)
        choices.styles.height = min(len(self._choices), 16)
        choices.cursor = self._chosen
        choices.focus()

    def on_line_list_selected(self, event: LineList.Selected) -> None:
        """Return the choice."""
        event.stop()
        self.dismiss(event.index)
