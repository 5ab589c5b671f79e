"""What a tab says when it has no sample to show: why, and the ways on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.errors import InspectError
    from inspect_tool.runs.workspace import Workspace
    from inspect_tool.tui.document import Document

Ways = tuple[tuple[str, str], ...]
"""Keys and what they do."""

PREPARE: Final = ("b", "prepare it now with axolotl")
_OPEN_WAYS: Final[Ways] = (
    ("e", "choose from the explorer"),
    ("o", "open a YAML or a folder"),
    ("?", "every key"),
)
_WELCOME_WAYS: Final[Ways] = (
    ("enter", "open what is marked"),
    ("↑ ↓", "mark another"),
    ("o", "open another path"),
    ("?", "every key"),
    ("ctrl+p", "every command"),
)
_NOTHING_WAYS: Final = _WELCOME_WAYS[2:]


class Page(Sheet, can_focus=True):
    """A title, a few lines, and keys with what they do; scrolls where it has too little room."""

    DEFAULT_CSS = """
    Page { padding: 2 4; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text = Text()
        self._lines: list[Text] = []

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
        self.scroll_home(animate=False)
        self._wrap()

    def render_line(self, y: int) -> Strip:
        """Paint one visible line."""
        width, line = self.scrollable_size.width, y + self.scroll_offset.y
        if line >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        segments = self._lines[line].render(self.app.console)
        strip = Strip(Segment.apply_style(segments, self.rich_style))
        return strip.adjust_cell_length(width, self.rich_style)

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        self._wrap()

    def _wrap(self) -> None:
        width = self.scrollable_size.width
        if width:
            self._lines = list(self._text.wrap(self.app.console, width))
            self.virtual_size = Size(width, len(self._lines))
            self.refresh()

    def welcome(self, workspace: Workspace | None) -> None:
        """Say what can be done while nothing is open; ``workspace`` is what can be opened."""
        title = "See what axolotl trains on"
        if workspace is not None and workspace.empty:
            lines = [f"No axolotl YAML, prepared dataset or run lies below {workspace.root}."]
            self.say(title, lines, _NOTHING_WAYS)
        else:
            said = "On the left: configs, the datasets that axolotl prepared from them, and runs."
            self.say(title, [said], _WELCOME_WAYS)

    def say_document(self, document: Document) -> None:
        """Say why a tab shows no sample."""
        target = document.target
        if document.problem is not None:
            self.say_problem(document.problem, can_prepare=document.can_prepare)
        elif document.unprepared and target is not None:
            ways = ((PREPARE, *_OPEN_WAYS)) if document.can_prepare else _OPEN_WAYS
            self.say(target.message, [target.fix] if target.fix else [], ways)
        elif document.opened is not None and not len(document.opened.dataset):
            said = "`inspect-tool ledger CONFIG` says what became of every raw row."
            self.say("The dataset has no rows", [str(document.request.path), said], _OPEN_WAYS)
        else:
            said = target.message if target else ""
            self.say("Nothing is open yet", [said, str(document.request.path)], _OPEN_WAYS)

    def say_problem(self, problem: InspectError, *, can_prepare: bool = False) -> None:
        """Say what went wrong, where, and the way out."""
        lines = [
            line for line in (problem.place, problem.fix and f"Way out: {problem.fix}") if line
        ]
        way = PREPARE if can_prepare else ("ctrl+r", "try again")
        self.say(problem.message, lines, (way, *_OPEN_WAYS))
