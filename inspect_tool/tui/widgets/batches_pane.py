"""The page of recorded batches: their rows, the tokens of one, and the token under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.describe import SEPARATOR, joined, plural, token_line, trained_part
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.batch_list import BatchList
from inspect_tool.tui.widgets.batch_view import BatchView, Legend
from inspect_tool.tui.widgets.inspector import Inspector
from inspect_tool.tui.widgets.parts import Part

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize

    from inspect_tool.samples.vocabulary import Vocabulary
    from inspect_tool.tui.batches import BatchRow

NONE_YET = "no batch is recorded yet: the first come with the first steps"
MEDIUM = 110
"""Cells from which on the inspector has room; below, its first facts take a line."""


class BatchesPane(Vertical):
    """Shows one row at a time; ``vocabulary`` reads its tokens."""

    def __init__(self) -> None:
        super().__init__(id="run-batches")
        self.list, self.tokens = BatchList(), BatchView()
        self.vocabulary: Vocabulary | None = None
        self.head, self.token = Bar(id="batch-head"), Bar(id="batch-token")
        self.legend, self.inspector = Legend(self.tokens), Inspector(id="batch-inspector")

    def compose(self) -> ComposeResult:
        """Lay out rows, tokens and inspector beside each other."""
        with Horizontal(id="batch-body"):
            yield self.list
            with Vertical(id="batch-centre"):
                yield self.head
                yield self.tokens
            yield self.inspector
        yield self.token
        yield self.legend

    def on_mount(self) -> None:
        """Say that there is nothing yet."""
        self.head.left = (Part(NONE_YET, "dim"),)

    def on_resize(self, event: Resize) -> None:
        """Put the inspector away where there is no room."""
        self.inspector.display = event.size.width >= MEDIUM
        self.token.display = not self.inspector.display

    def show(self, row: BatchRow | None = None) -> None:
        """Show a row, or the same once more."""
        row = row or self.tokens.row
        if row is None:
            return
        self.tokens.show_row(row, self.vocabulary)
        parts = [Part(f"row {row.number}", "strong")]
        if row.name:
            parts.append(Part(safe(row.name)))
        parts.append(Part(plural(row.tokens, "token")))
        padding = len(row.labels) - row.tokens
        if padding:
            parts.append(Part(f"{padding:,} of padding"))
        if row.labels.trained is not None:
            parts.append(trained_part(row.labels))
        self.head.left = joined(parts)
        self.legend.refresh()
        self.describe()

    def toggle_heat(self) -> None:
        """Colour tokens by loss, or by labels."""
        self.tokens.heat = not self.tokens.heat
        self.legend.refresh()

    def describe(self) -> None:
        """Say what is known of the token under the cursor."""
        row = self.tokens.row
        if row is None:
            return
        index, facts = self.tokens.cursor, row.facts(self.tokens.cursor)
        self.inspector.show(row.sample, 0, index, self.vocabulary, turns=False, why=facts)
        loss = next((fact.value for fact in facts if fact.label == "loss"), "")
        line = token_line(row.labels, index, self.vocabulary)
        span = 2 if row.labels.trained is not None else 0
        brief = Part(f"loss {loss.partition(',')[0]}")
        self.token.left = (*line[: len(line) - span], SEPARATOR, brief)
