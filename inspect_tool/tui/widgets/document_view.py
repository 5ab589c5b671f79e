"""One tab: the line above the sample, its token views, and what it says when it has none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from textual import work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.worker import get_current_worker

from inspect_tool.errors import InspectError
from inspect_tool.samples.glyphs import safe
from inspect_tool.samples.row_order import PROBLEM, RowOrder, RowTable, Sort, ordered, table_of
from inspect_tool.tui.describe import (
    columns_line,
    problem_parts,
    sample_line,
    token_line,
)
from inspect_tool.tui.failures import TellsFailures
from inspect_tool.tui.sequences import owned, sequences_of
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.page import Page
from inspect_tool.tui.widgets.parts import line_width
from inspect_tool.tui.widgets.sequence_pane import SequencePane

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.events import DescendantFocus, Resize
    from textual.widget import Widget

    from inspect_tool.opened import Opened
    from inspect_tool.samples.checks import Report
    from inspect_tool.samples.sample import Sample, TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary
    from inspect_tool.tui.document import Document
    from inspect_tool.tui.widgets.token_view import TokenView

SIDE_BY_SIDE = 80
"""Width from which the two sides of a pair stand beside each other."""


class DocumentView(Vertical, TellsFailures):
    """Shows one row of a document.

    ``on_change`` is called whenever another row, token or order is shown, or more is known of the
    document. Called, not posted: what stands beside the tokens is to change in the same frame.
    """

    document: reactive[Document] = reactive(None, init=False, repaint=False, always_update=True)  # type: ignore[arg-type]
    row: reactive[int] = reactive(0, init=False, repaint=False)

    @dataclass
    class Counted(Message):
        """Some or all of the rows of ``opened`` were counted and checked."""

        opened: Opened
        report: Report
        table: RowTable

        def can_replace(self, message: Message) -> bool:
            """Let a later state take the place of one that waits."""
            return isinstance(message, DocumentView.Counted)

    @dataclass
    class Ordered(Message):
        """The rows were sorted and filtered, or why they cannot be."""

        table: RowTable
        order: RowOrder | None
        problem: str = ""

    def __init__(
        self, document: Document, *, on_change: Callable[[DocumentView], None], row: int = 0
    ) -> None:
        super().__init__()
        self.set_reactive(DocumentView.document, document)
        self.set_reactive(DocumentView.row, row)
        self.sample: Sample | None = None
        self.active = 0
        """The sequence that has, or last had, the focus."""
        self.needle: str | int | None = None
        """What was last searched for in this tab."""
        self._on_change = on_change
        self._panes: list[SequencePane] = []
        self._wanted: RowOrder | None = None

    def compose(self) -> ComposeResult:
        """Lay out as many token views as the dataset's kind has sequences."""
        yield Bar(id="sample-line")
        yield Page()
        with Vertical(id="sequences"):
            yield from self._compose_panes()
        yield Bar(id="token-line")

    def on_mount(self) -> None:
        """Show the first row."""
        self._show_row()

    # What is shown

    @property
    def sequence(self) -> TokenSequence | None:
        """Return the sequence that the inspector is about."""
        return self._panes[self.active].sequence if self.active < len(self._panes) else None

    @property
    def tokens(self) -> TokenView | None:
        """Return the token view that the keys go to."""
        return self._panes[self.active].tokens if self.active < len(self._panes) else None

    @property
    def main_widget(self) -> Widget:
        """Return what takes the focus when the tab is turned to."""
        if self.sample is None or self.tokens is None:
            return self.query_one(Page)
        return self.tokens

    def watch_document(self, old: Document, new: Document) -> None:
        """Show what is new: the sample only if it is read from elsewhere or in other words."""
        if not self.is_mounted:
            return
        same_data = (old.opened and old.opened.dataset) is (new.opened and new.opened.dataset)
        same_words = (old.opened and old.opened.vocabulary) is (
            new.opened and new.opened.vocabulary
        )
        if not same_data:
            self.call_later(self._rebuild)
        elif new.opened is None or not same_words:
            self._show_row(keep_cursor=True)
        else:
            if self.sample is not None and new.opened is not None:
                self.sample = replace(self.sample, split=new.opened.split_of(self.row))
            self._describe()

    def watch_row(self) -> None:
        """Show another row."""
        if self.is_mounted:
            self._show_row()

    def show_match(self, row: int, sequence: int, token: int, needle: str | int) -> None:
        """Show a row with the cursor on a token, all matches in it highlighted."""
        self.row = row
        if self.sample is None or sequence >= len(self._panes):
            return
        self.active = sequence
        pane = self._panes[sequence]
        pane.tokens.find(needle)
        if pane.sequence is not None and len(pane.sequence):
            pane.tokens.cursor = token
        self._describe()

    def find(self, needle: str | int, *, forward: bool = True) -> int | None:
        """Find in the active sequence, then in the others; returns the token."""
        count = len(self._panes) if self.sample is not None else 0
        for offset in range(count):
            number = (self.active + offset) % count
            tokens = self._panes[number].tokens
            found = tokens.find(needle, forward=forward)
            if found is not None:
                self.active = number
                return found
        return None

    # Rows

    def step(self, steps: int) -> bool:
        """Go to the next or previous row in the list's order; False at its end."""
        order = self.document.order
        place = order.place_of(self.row)
        target = place + steps if place is not None else 0
        if not 0 <= target < len(order):
            return False
        self.row = order.row_at(target)
        return True

    def step_problem(self, *, forward: bool) -> bool:
        """Go to the next row with a problem, around the end; False if there is none."""
        table, order = self.document.table, self.document.order
        if table is None or table.severity is None or not len(order):
            return False
        marked = np.flatnonzero(table.severity[order.rows_between(0, len(order))] >= PROBLEM)
        if not len(marked):
            return False
        place = order.place_of(self.row)
        here = -1 if place is None else place
        slot = (
            int(np.searchsorted(marked, here, side="right"))
            if forward
            else int(np.searchsorted(marked, here)) - 1
        )
        self.row = order.row_at(int(marked[slot % len(marked)]))
        return True

    def count_rows(self) -> None:
        """Count every row in the background."""
        opened = self.document.opened
        if opened is not None:
            self._count(opened)

    def arrange_rows(self, order: RowOrder) -> None:
        """Sort and filter in the background as ``order`` says; the list follows when it is done.

        Before every row is counted this waits for that.
        """
        self._wanted = order
        table = self.document.table
        if table is not None and table.complete:
            self._order(table, order)

    # Inside

    def on_document_view_counted(self, event: Counted) -> None:
        """Take up the counts, unless something else was opened meanwhile."""
        event.stop()
        opened = self.document.opened
        if opened is None or opened.dataset is not event.opened.dataset:
            return
        self.document = replace(self.document, report=event.report, table=event.table)
        if event.table.complete and self._wanted is not None:
            self._order(event.table, self._wanted)

    def on_document_view_ordered(self, event: Ordered) -> None:
        """Take up the order, and show its first row: the longest, the worst, or the first left.

        The row that is shown stays where the order of the file is asked for and it is still there.
        """
        event.stop()
        if event.order is None:
            self.notify(event.problem, severity="warning", markup=False)
        elif event.table is self.document.table:
            before, order = self.document.order, event.order
            self.document = replace(self.document, order=order)
            same = (order.sort, order.descending) == (before.sort, before.descending)
            stays = order.place_of(self.row) is not None and (same or order.sort is Sort.ROW)
            if len(order) and not stays:
                self.row = order.row_at(0)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Let the inspector follow the focus."""
        for pane in self._panes:
            if event.widget is pane.tokens and self.active != pane.number:
                self.active = pane.number
                self._describe()

    def on_resize(self, event: Resize) -> None:
        """Put the two sides of a pair beside each other where there is room."""
        self.set_class(event.size.width < SIDE_BY_SIDE, "-narrow")

    def _compose_panes(self) -> ComposeResult:
        self._panes = []
        names = self._sequence_names()
        self._panes = [SequencePane(i, titled=len(names) > 1) for i in range(len(names))]
        for pane in self._panes:
            self.watch(pane.tokens, "cursor", self._describe, init=False)
        pair = [
            p for p, name in zip(self._panes, names, strict=True) if name in {"chosen", "rejected"}
        ]
        yield from (pane for pane in self._panes if pane not in pair)
        if pair:
            with Horizontal(classes="pair"):
                yield from pair

    def _sequence_names(self) -> list[str]:
        opened = self.document.opened
        if opened is None:
            return []
        return [columns.name for columns in opened.dataset.kind.sequences] or ["columns"]

    async def _rebuild(self) -> None:
        """Lay out the views of another dataset."""
        container = self.query_one("#sequences")
        await container.remove_children()
        self.active = 0
        await container.mount_compose(self._compose_panes())
        self._show_row()

    def _show_row(self, *, keep_cursor: bool = False) -> None:
        self.sample = None
        opened = self.document.opened
        page = self.query_one(Page)
        if opened is None or not len(opened.dataset):
            page.say_document(self.document)
        else:
            try:
                self.sample = owned(opened.sample(self.row))
            except InspectError as problem:
                page.say_problem(problem)
            else:
                self._show_sample(self.sample, opened.vocabulary, keep_cursor=keep_cursor)
        self.set_class(self.sample is None, "-empty")
        self._describe()

    def _show_sample(
        self, sample: Sample, vocabulary: Vocabulary | None, *, keep_cursor: bool
    ) -> None:
        for pane, sequence in zip(self._panes, sequences_of(sample), strict=True):
            pane.show(sequence, vocabulary, pane.tokens.cursor if keep_cursor else 0)

    def _describe(self) -> None:
        document = self.document
        above = self.query_one("#sample-line", Bar)
        if document.opened is None:
            above.left = ()
        else:
            place = document.order.place_of(self.row)
            above.left = sample_line(document, place, self.sample, self.row)
            above.right = problem_parts(document, self.row)
            if line_width((*above.left, *above.right)) > above.size.width:
                above.right = problem_parts(document, self.row, codes=False)
        below = self.query_one("#token-line", Bar)
        below.left = ()
        if self.sequence is not None and self.tokens is not None and document.opened is not None:
            vocabulary = document.opened.vocabulary
            below.left = token_line(self.sequence, self.tokens.cursor, vocabulary)
            if not below.left and self.sample is not None and self.sample.sequences:
                below.left = columns_line(self.sample)
        self._on_change(self)

    @work(thread=True, exclusive=True, group="count", exit_on_error=False)
    def _count(self, opened: Opened) -> None:
        from inspect_tool.samples.checks import check

        worker = get_current_worker()
        config = opened.target.config
        report = check(
            opened.dataset,
            opened.vocabulary,
            config=config.values if config else None,
            on_part=lambda part: self._say_counted(opened, part),
            cancelled=lambda: worker.is_cancelled,
        )
        if not worker.is_cancelled:
            self._say_counted(opened, report)

    def _say_counted(self, opened: Opened, report: Report) -> None:
        config, rows = opened.target.config, report.census.rows
        held_out = config.eval_rows(rows) if config else 0
        table = table_of(report, eval_start=rows - held_out if held_out else None)
        self.post_message(self.Counted(opened, report, table))

    @work(thread=True, exclusive=True, group="order", exit_on_error=False)
    def _order(self, table: RowTable, wanted: RowOrder) -> None:
        try:
            order = ordered(
                table, sort=wanted.sort, descending=wanted.descending, where=wanted.where
            )
        except InspectError as problem:
            self.post_message(self.Ordered(table, None, safe(str(problem))))
            return
        self.post_message(self.Ordered(table, order))
