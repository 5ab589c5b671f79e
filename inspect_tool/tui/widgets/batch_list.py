"""The recorded batches of a run and their rows; the cursor is the row that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.batches import BatchRow, BatchRows
from inspect_tool.tui.chart import number
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Iterable


class BatchList(LineList):
    """Rows under their batches."""

    @dataclass
    class Shown(Message):
        """The cursor is on another row."""

        row: BatchRow

    def __init__(self) -> None:
        super().__init__(id="batch-list")
        self.batches: list[BatchRows] = []
        self._items: list[BatchRows | BatchRow] = []

    @property
    def row(self) -> BatchRow | None:
        """The row under the cursor."""
        item = self._items[self.cursor] if self.cursor < len(self._items) else None
        return item if isinstance(item, BatchRow) else None

    def add(self, batches: Iterable[BatchRows]) -> None:
        """List more batches; the first row is shown once there is one."""
        first = self.row is None
        for batch in batches:
            self.batches.append(batch)
            self._items += [batch, *batch.rows]
        self.changed()
        if first:
            self.action_to_end(last=False)

    def clear(self) -> None:
        """Forget all batches: those of another run follow."""
        self.batches, self._items = [], []
        self.changed()

    def step_batch(self, by: int) -> None:
        """Go to the first row of the next or previous batch that has rows."""
        starts = [
            i + 1 for i, item in enumerate(self._items) if isinstance(item, BatchRows) and item.rows
        ]
        here = max((start for start in starts if start <= self.cursor), default=self.cursor)
        later = [start for start in starts if (start > here if by > 0 else start < here)]
        if later:
            self.cursor = later[0] if by > 0 else later[-1]

    def count(self) -> int:
        """Return the number of batches and rows."""
        return len(self._items)

    def selectable(self, index: int) -> bool:
        """Stop at rows, not at headings."""
        return super().selectable(index) and isinstance(self._items[index], BatchRow)

    def line(self, index: int) -> tuple[Line, Line]:
        """Return a row with its tokens, or a batch with its loss and why it was recorded."""
        item = self._items[index]
        if isinstance(item, BatchRow):
            name = f" {safe(item.name)}" if item.name else ""
            return (Part(f"  row {item.number}{name}"),), (Part(f"{item.tokens:,}", "dim"),)
        batch = item.batch
        said = f"{'step' if batch.phase == 'train' else 'eval'} {batch.step}"
        said += f" micro {batch.micro_batch}" if batch.micro_batch else ""
        why = "" if batch.reason == "first" else safe(f" {batch.reason}", newline=" ")
        if item.problem is not None:
            return (Part(said, "accent"),), (Part("cannot be read", "bad"),)
        mark = Part(" ▲", "warn") if item.findings else Part("")
        loss = Part(number(batch.loss), "bad" if why else "dim")
        return (Part(said, "accent"), Part(why, "warn"), mark), (loss,)

    def watch_cursor(self, cursor: int) -> None:
        """Have the row shown."""
        super().watch_cursor(cursor)
        if self.row is not None:
            self.post_message(self.Shown(self.row))
