"""What a tab says when it has no sample to show: why, and the ways on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text
from textual.widget import Widget

from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.errors import InspectError
    from inspect_tool.tui.document import Document

Ways = tuple[tuple[str, str], ...]
"""Keys and what they do."""

_OPEN_WAYS: Final[Ways] = (
    ("e", "choose from the explorer"),
    ("o", "open a YAML or a folder"),
    ("?", "every key"),
)


class Page(Widget, can_focus=True):
    """A title, a few lines, and keys with what they do."""

    DEFAULT_CSS = "Page { padding: 2 4; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text = Text()

    @property
    def text(self) -> str:
        """Return the page as it reads."""
        return self._text.plain

    def say(self, title: str, lines: Sequence[str], ways: Ways) -> None:
        """Show something else; every text is made safe here."""
        text = Text(safe(title), style="bold")
        for line in lines:
            text.append("\n\n" + safe(line), style="not bold")
        text.append("\n")
        for key, does in ways:
            text.append(f"\n{key:>10}", style="bold").append(f"  {does}", style="not bold")
        self._text = text
        self.refresh(layout=True)

    def render(self) -> Text:
        """Return the page."""
        return self._text

    def say_document(self, document: Document) -> None:
        """Say why a tab shows no sample."""
        if document.problem is not None:
            self.say_problem(document.problem)
        elif document.unprepared and document.target is not None:
            target = document.target
            ways = _OPEN_WAYS
            if target.config is not None and not target.config.unprepared_key:
                ways = (("b", "prepare it now with axolotl"), *ways)
            self.say(target.message, [target.fix] if target.fix else [], ways)
        elif document.opened is not None and not len(document.opened.dataset):
            self.say("The dataset has no rows", [str(document.request.path)], _OPEN_WAYS)
        else:
            said = document.target.message if document.target else ""
            self.say("Nothing is open yet", [said, str(document.request.path)], _OPEN_WAYS)

    def say_problem(self, problem: InspectError) -> None:
        """Say what went wrong, where, and the way out."""
        lines = [
            line for line in (problem.place, problem.fix and f"Way out: {problem.fix}") if line
        ]
        self.say(problem.message, lines, (("ctrl+r", "try again"), *_OPEN_WAYS))
