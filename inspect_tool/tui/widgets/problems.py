"""The list of findings, each with its way out; choosing one goes through its rows."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.reactive import reactive

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.describe import SEVERITY_MARKS, plural
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from textual.events import Resize

    from inspect_tool.findings import Finding


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One line of a finding; only its first can be chosen."""

    finding: int
    left: Line
    right: Line = ()
    first: bool = False


class ProblemsList(LineList):
    """Findings, the worst first. Posts ``RowAsked`` with the next row of the one chosen."""

    findings: reactive[tuple[Finding, ...]] = reactive(())
    note: reactive[str] = reactive("")
    """What to say when there are none."""

    @dataclass
    class RowAsked(Message):
        """The next row of a finding is to be shown."""

        row: int
        finding: Finding

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._drawn: list[_Drawn] = []
        self._next: dict[str, int] = {}

    def count(self) -> int:
        """Return the number of lines."""
        return len(self._drawn) or 1

    def line(self, index: int) -> tuple[Line, Line]:
        """Return one line of a finding."""
        if not self._drawn:
            return (Part(self.note, "dim"),), ()
        return self._drawn[index].left, self._drawn[index].right

    def selectable(self, index: int) -> bool:
        """Only a finding's first line can be chosen."""
        return 0 <= index < len(self._drawn) and self._drawn[index].first

    def watch_findings(self, old: tuple[Finding, ...], new: tuple[Finding, ...]) -> None:
        """Draw other findings; what the cursor is on stays under it."""
        drawn = self._drawn[self.cursor] if self.cursor < len(self._drawn) else None
        self._wrap(self.size.width)
        if drawn is None:
            return
        held = old[drawn.finding]
        for place in filter(self.selectable, range(len(self._drawn))):
            finding = new[self._drawn[place].finding]
            if (finding.code, finding.message) == (held.code, held.message):
                self.cursor = place

    def watch_note(self) -> None:
        """Say something else while there are none."""
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        """Wrap the findings anew."""
        self._wrap(event.size.width)

    def on_line_list_selected(self, event: LineList.Selected) -> None:
        """Go to the finding's next row, and around."""
        event.stop()
        finding = self.findings[self._drawn[event.index].finding]
        if not len(finding.rows):
            return
        turn = self._next.get(finding.code, 0) % len(finding.rows)
        self._next[finding.code] = turn + 1
        self.post_message(self.RowAsked(int(finding.rows[turn]), finding))

    def _wrap(self, width: int) -> None:
        self._drawn = [
            drawn
            for number, finding in enumerate(self.findings)
            for drawn in _lines(number, finding, max(20, width - 4))
        ]
        self.changed()
        if self._drawn and not self.selectable(self.cursor):
            self.action_move(-1)


def _lines(number: int, finding: Finding, width: int) -> list[_Drawn]:
    mark = SEVERITY_MARKS[finding.severity]
    rows = plural(finding.count, "row") if finding.count else ""
    head = (Part(f"{mark.text} ", mark.tone), Part(f"{safe(finding.code)} ", "strong"))
    indent = sum(part.width for part in head)
    room = max(20, width - indent - len(rows) - 2)
    said = textwrap.wrap(safe(finding.message), room) or [""]
    lines = [_Drawn(number, (*head, Part(said[0])), (Part(rows, "dim"),), first=True)]
    lines += [_Drawn(number, (Part(" " * indent), Part(text))) for text in said[1:]]
    key = f" ({finding.key})" if finding.key else ""
    for sign, said_more in (("", finding.evidence), ("→ ", finding.fix + key)):
        more = textwrap.wrap(safe(said_more), max(20, width - indent - 2)) if said_more else []
        for place, text in enumerate(more):
            begin = sign if not place else " " * len(sign)
            lines.append(_Drawn(number, (Part(" " * indent + begin + text, "dim"),)))
    return lines
