"""The panes of the Diff screen: samples that differ in groups by cause, and both sides of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.message import Message
from textual.reactive import reactive

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.diff_lines import DiffLine, diff_lines
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from textual.events import Resize

    from inspect_tool.prompts.diff.results import Comparison
    from inspect_tool.tui.diff import DiffState


MARGINS: Final = 3
"""Cells of a line that a list keeps for itself: one before, one after, one between."""


class DiffSamples(LineList):
    """Samples under the causes of their differences; the cursor is the sample that is shown."""

    @dataclass
    class Shown(Message):
        """The cursor is on another sample."""

        comparison: Comparison

    def __init__(self) -> None:
        super().__init__(id="diff-samples")
        self._items: list[Comparison | tuple[str, int]] = []

    def take(self, state: DiffState) -> None:
        """List what differs by now; the sample under the cursor stays."""
        chosen = self.chosen
        self._items = []
        for causes, found in state.groups:
            self._items += [(causes, len(found)), *found]
        self.changed()
        if chosen is not None:
            self.cursor = next(i for i, item in enumerate(self._items) if item is chosen)
        elif self._items:
            self.cursor = 1

    @property
    def chosen(self) -> Comparison | None:
        """The sample under the cursor."""
        item = self._items[self.cursor] if self.cursor < len(self._items) else None
        return None if isinstance(item, tuple) else item

    def count(self) -> int:
        """Return the number of samples and headings."""
        return len(self._items)

    def selectable(self, index: int) -> bool:
        """Stop at samples, not at headings."""
        return super().selectable(index) and not isinstance(self._items[index], tuple)

    def line(self, index: int) -> tuple[Line, Line]:
        """Return a sample's raw row, or a heading with its count."""
        item = self._items[index]
        if isinstance(item, tuple):
            return (Part(safe(item[0]), "warn"),), (Part(f"{item[1]:,}", "dim"),)
        answer = f", answer {item.answer}" if item.answer else ""
        left = (Part(f"  raw row {item.row:,}{answer}"),)
        return left, (Part(f"{len(item.train):,}", "dim"),)

    def watch_cursor(self, cursor: int) -> None:
        """Have the sample shown."""
        super().watch_cursor(cursor)
        if self.chosen is not None:
            self.post_message(self.Shown(self.chosen))


class DiffView(LineList):
    """Both sides of one sample; ``difference`` is the one under the cursor."""

    difference: reactive[int] = reactive(0, init=False)

    @dataclass
    class Moved(Message):
        """The cursor is in another difference."""

        index: int

    def __init__(self) -> None:
        super().__init__(id="diff-view")
        self.comparison: Comparison | None = None
        self._lines: list[DiffLine] = []

    def show(self, comparison: Comparison | None) -> None:
        """Show another sample, at its first difference."""
        self.comparison = comparison
        self._flow()
        self.cursor = 0
        self.scroll_to(y=0, animate=False, force=True)
        self.step(1)

    def step(self, by: int) -> bool:
        """Go to the next or previous difference; False if there is none."""
        starts = [i for i, line in enumerate(self._lines) if line.first]
        later = [i for i in starts if (i > self.cursor if by > 0 else i < self.cursor)]
        if not later:
            return False
        self.cursor = later[0] if by > 0 else later[-1]
        return True

    def count(self) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def line(self, index: int) -> tuple[Line, Line]:
        """Return one line of both sides."""
        return self._lines[index].parts, ()

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new width, at the same difference."""
        super().on_resize(event)
        here = self.difference
        self._flow()
        starts = [i for i, line in enumerate(self._lines) if line.first]
        if here < len(starts):
            self.cursor = starts[here]

    def watch_cursor(self, cursor: int) -> None:
        """Say which difference this is: the one at the cursor, or the last before it."""
        super().watch_cursor(cursor)
        for line in reversed(self._lines[: cursor + 1]):
            if line.difference is not None:
                self.difference = line.difference
                break
        else:
            self.difference = 0
        self.post_message(self.Moved(self.difference))

    def _flow(self) -> None:
        width = self.scrollable_content_region.width - MARGINS
        self._lines = diff_lines(self.comparison, width) if self.comparison and width > 0 else []
        self.changed()
