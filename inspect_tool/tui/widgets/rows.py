"""The list of all rows: number, problem mark, length, trained share; a million of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from textual.reactive import reactive

from inspect_tool.errors import InspectError
from inspect_tool.findings import SEVERITIES
from inspect_tool.samples.row_order import PROBLEM
from inspect_tool.samples.sample import IGNORE_INDEX
from inspect_tool.tui.describe import SEVERITY_MARKS, share
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.tui.document import Document
    from inspect_tool.tui.tones import State

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"


class RowsList(LineList):
    """Rows of one document, in its order; choosing one shows it."""

    document: reactive[Document | None] = reactive(None, always_update=True, repaint=False)
    current: reactive[int] = reactive(0, repaint=False)
    """The row that is shown."""

    def count(self) -> int:
        """Return the number of rows in the list."""
        return len(self.document.order) if self.document else 0

    def line(self, index: int) -> tuple[Line, Line]:
        """Return one row's number and mark, and its length and share."""
        document = self.document
        assert document is not None
        row = document.order.row_at(index)
        digits = len(f"{max(document.order.total - 1, 0):,}")
        number = f"{row:>{digits},}"
        left = (Part(number, "strong" if row == self.current else ""), Part(" "), self._mark(row))
        length, trained = self._counts(row)
        if length is None:
            return left, ()
        right = [Part(f"{length:,}{self._unit}", "dim")]
        if trained is not None:
            tone = "good" if trained else "bad"
            eighth = -(-8 * trained // max(length, 1))
            right += [
                Part(f" {_EIGHTHS[eighth]}", tone),
                Part(f"{share(trained, length):>5}", tone),
            ]
        return left, tuple(right)

    def state(self, index: int) -> State:
        """Mark the cursor, and the row that is shown."""
        if self.has_focus and index == self.cursor:
            return "cursor"
        shown = self.document is not None and self.document.order.row_at(index) == self.current
        return "current" if shown else ""

    def watch_document(self) -> None:
        """Take up another order, or what is newly known of the rows."""
        self._follow()
        self.changed()

    def watch_current(self, before: int) -> None:
        """Bring the cursor to the row that is shown."""
        self._follow()
        for row in (before, self.current):
            place = self.document.order.place_of(row) if self.document else None
            if place is not None:
                self.refresh_line(place)

    def _follow(self) -> None:
        place = self.document.order.place_of(self.current) if self.document else None
        if place is not None and place != self.cursor:
            self.cursor = place

    def _mark(self, row: int) -> Part:
        table = self.document.table if self.document else None
        if table is None or table.severity is None or table.severity[row] < PROBLEM:
            return Part(" ")
        return SEVERITY_MARKS[SEVERITIES[len(SEVERITIES) - int(table.severity[row])]]

    @property
    def _unit(self) -> str:
        opened = self.document.opened if self.document else None
        return "" if opened is None or opened.dataset.kind.tokenized else " chars"

    def _counts(self, row: int) -> tuple[int | None, int | None]:
        assert self.document is not None
        table, opened = self.document.table, self.document.opened
        if opened is None or not opened.dataset.kind.sequences:
            return None, None
        if table is not None and table.knows(row):
            trained = None if table.trained is None else int(table.trained[row])
            return int(table.lengths[row]), trained
        return counts_of(opened.dataset, row)


def counts_of(dataset: PreparedDataset, row: int) -> tuple[int | None, int | None]:
    """Return tokens and trained tokens of one row, read from the file; None for what is not there.

    Used for the few rows in view while the census is still counting.
    """
    length: int | None = None
    trained: int | None = None
    try:
        block, index = dataset.block_of(row)
        for columns in dataset.kind.sequences:
            if columns.ids:
                length = (length or 0) + len(_slice(*block.lists(columns.ids), index))
            if columns.labels:
                labels = _slice(*block.lists(columns.labels), index)
                trained = (trained or 0) + int(np.count_nonzero(labels != IGNORE_INDEX))
    except (InspectError, IndexError):
        return None, None
    return length, trained


def _slice(
    values: NDArray[np.integer[Any]], offsets: NDArray[np.integer[Any]], index: int
) -> NDArray[np.integer[Any]]:
    return values[offsets[index] : offsets[index + 1]]
