"""Both sides of a debug plan in two columns: the person's YAML and the one that axolotl will read.

What differs is marked as well as coloured: ~ changed, - left out, + added, » translated from an
old key, = kept as written on request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.message import Message

from inspect_tool.findings import Finding
from inspect_tool.runs.plan_sides import SideLine
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.describe import SEVERITY_MARKS
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part, fitted

if TYPE_CHECKING:
    from inspect_tool.runs.plan_sides import Mark
    from inspect_tool.tui.plan import Planned

MARGINS: Final = 3
BAR: Final = Part(" │ ", "dim")
_LOOKS: Final[dict[Mark, tuple[str, str, str, str]]] = {
    "": ("  ", "  ", "", "dim"),
    "changed": ("~ ", "~ ", "bad", "good"),
    "left out": ("- ", "  ", "bad", "dim"),
    "added": ("  ", "+ ", "dim", "good"),
    "translated": ("» ", "» ", "warn", "warn"),
}
"""Mark and tone of each side."""

Item = SideLine | Finding


class PlanView(LineList):
    """Problems first, then both documents line by line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.start", show=False),
        Binding("space", "screen.toggle_keep", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another line."""

        item: Item | None

    def __init__(self) -> None:
        super().__init__(id="plan-view")
        self._items: list[Item] = []
        self._kept: frozenset[str] = frozenset()

    @property
    def item(self) -> Item | None:
        """What the cursor is on."""
        return self._items[self.cursor] if self.cursor < len(self._items) else None

    def show(self, planned: Planned) -> None:
        """Show another plan; the cursor stays on its key, or goes to what comes first."""
        before = self.item
        self._kept = frozenset(planned.chosen.options.keep)
        problems = planned.plan.problems if planned.plan else ()
        self._items = [*problems, *planned.lines]
        self.changed()
        self.cursor = self._place_of(before)

    def step(self, by: int) -> None:
        """Go to the next or previous problem or change; those on following lines are one."""
        firsts = [
            i
            for i, item in enumerate(self._items)
            if not isinstance(item, SideLine) or (item.mark and not self._continues(i))
        ]
        later = [i for i in firsts if (i > self.cursor if by > 0 else i < self.cursor)]
        if later:
            self.cursor = later[0] if by > 0 else later[-1]

    def count(self) -> int:
        """Return the number of problems and lines."""
        return len(self._items)

    def line(self, index: int) -> tuple[Line, Line]:
        """Return a problem over both columns, or one line of both sides."""
        item = self._items[index]
        if not isinstance(item, SideLine):
            mark = SEVERITY_MARKS[item.severity]
            said = Part(f" {safe(item.message, newline=' ')}", mark.tone)
            return (mark, said), (Part(item.code, "dim"),)
        left, right, tone, other = _LOOKS[item.mark]
        if any(key in self._kept for key in item.keys):
            left, right, tone, other = "= ", "= ", "accent", "accent"
        column = max((self.scrollable_content_region.width - MARGINS - BAR.width) // 2, 8)
        one = _side(item.left, left, tone)
        two = _side(item.right, right, other)
        return (*fitted(one, (), column), BAR, *fitted(two, (), column)), ()

    def watch_cursor(self, cursor: int) -> None:
        """Tell which line this is."""
        super().watch_cursor(cursor)
        self.post_message(self.Moved(self.item))

    def _continues(self, index: int) -> bool:
        before = self._items[index - 1] if index else None
        item = self._items[index]
        assert isinstance(item, SideLine)
        return isinstance(before, SideLine) and before.changes == item.changes

    def _place_of(self, before: Item | None) -> int:
        keys = before.keys if isinstance(before, SideLine) else ()
        places = [
            i
            for i, item in enumerate(self._items)
            if isinstance(item, SideLine) and any(key in item.keys for key in keys)
        ]
        if places:
            return places[0]
        marked = (
            i for i, item in enumerate(self._items) if not isinstance(item, SideLine) or item.mark
        )
        return next(marked, 0) if before is None else self.cursor


def _side(text: str | None, mark: str, tone: str) -> Line:
    if text is None:
        return (Part("  "),)
    return (Part(mark, tone or "dim"), Part(safe(text, tab="    "), tone))
