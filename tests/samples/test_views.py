"""Flat arrays of a stretch of rows agree with the rows looked at one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.views import Piece, RowsView, SequenceView
from tests.arrow_files import IDS, LABELS, save, supervised

if TYPE_CHECKING:
    from pathlib import Path

ROWS = st.lists(st.lists(st.booleans(), max_size=9), min_size=1, max_size=12)
"""For every row, which of its tokens are trained."""


def view_of(flags: list[list[bool]]) -> SequenceView:
    """Return rows whose trained tokens carry their own id as label."""
    trained = np.array([flag for row in flags for flag in row], dtype=np.bool_)
    ids = np.arange(len(trained), dtype=np.int32)
    return SequenceView(
        number=0,
        first=0,
        ids=ids,
        offsets=np.cumsum([0, *map(len, flags)]),
        labels=np.where(trained, ids, -100),
    )


@given(ROWS)
def test_trained_counts(flags: list[list[bool]]) -> None:
    """Each row's trained tokens are counted, those of empty rows as none."""
    assert view_of(flags).trained_counts.tolist() == [sum(row) for row in flags]


@given(ROWS)
def test_runs(flags: list[list[bool]]) -> None:
    """Runs are the maximal stretches of trained tokens, and end where their row ends."""
    view = view_of(flags)

    runs = list(
        zip(view.runs.row.tolist(), view.runs.start.tolist(), view.runs.stop.tolist(), strict=True)
    )

    expected = []
    for number, row in enumerate(flags):
        first = int(view.offsets[number])
        edges = np.flatnonzero(np.diff([0, *map(int, row), 0])).reshape(-1, 2)
        expected += [(number, first + int(start), first + int(stop)) for start, stop in edges]
    assert runs == expected


@given(ROWS)
def test_last_runs(flags: list[list[bool]]) -> None:
    """A row's last run is the last one that begins in it; -1 where nothing is trained."""
    view = view_of(flags)

    for number in range(len(flags)):
        mine = np.flatnonzero(view.runs.row == number)
        assert view.last_runs[number] == (mine[-1] if len(mine) else -1)


@given(ROWS)
def test_trained_before(flags: list[list[bool]]) -> None:
    """How many trained tokens stand before a place is what counting gives."""
    view = view_of(flags)
    flat = [flag for row in flags for flag in row]
    places = np.arange(len(flat) + 1)

    assert view.trained_before(places).tolist() == [sum(flat[:place]) for place in places]


def test_one_piece_is_not_copied(tmp_path: Path) -> None:
    """Rows of one block are looked at where they lie in the mapped file."""
    dataset = PreparedDataset.open(save(tmp_path, supervised([([1, 2, 3], [-100, 2, 3])] * 4)))
    (block,) = dataset.blocks

    view = RowsView([Piece(block, 1, 3)], dataset.kind).sequences[0]

    assert np.shares_memory(view.ids, block.lists("input_ids")[0])
    assert (view.first, len(view)) == (1, 2)


def test_several_pieces_are_one_view(tmp_path: Path) -> None:
    """Rows of small blocks follow each other without a seam."""
    rows = [([n, n + 1], [-100, n + 1]) for n in range(10, 15)]
    dataset = PreparedDataset.open(save(tmp_path, supervised(rows), batch_rows=2))
    pieces = [Piece(block, 0, len(block)) for block in dataset.blocks]

    view = RowsView(pieces, dataset.kind).sequences[0]

    assert view.ids.tolist() == [token for ids, _ in rows for token in ids]
    assert view.offsets.tolist() == [0, 2, 4, 6, 8, 10]
    assert view.trained_counts.tolist() == [1] * 5


def test_uneven_rows_are_empty(tmp_path: Path) -> None:
    """A row with fewer labels than tokens is left out; its neighbours keep theirs."""
    table = pa.table(
        {
            "input_ids": pa.array([[1, 2], [3, 4, 5], [6]], IDS),
            "labels": pa.array([[-100, 2], [-100, 4], [6]], LABELS),
        }
    )
    dataset = PreparedDataset.open(save(tmp_path, table))

    view = RowsView([Piece(dataset.blocks[0], 0, 3)], dataset.kind).sequences[0]

    assert view.uneven.tolist() == [False, True, False]
    assert view.lengths.tolist() == [2, 0, 1]
    assert view.trained_counts.tolist() == [1, 0, 1]


def test_labels_past_32_bits_keep_their_value(tmp_path: Path) -> None:
    """A label that -100 would be after cutting off its high bits is not taken for masked."""
    table = pa.table(
        {
            "input_ids": pa.array([[1, 2]], IDS),
            "labels": pa.array([[-100, 2**32 - 100]], LABELS),
        }
    )
    dataset = PreparedDataset.open(save(tmp_path, table))

    view = RowsView([Piece(dataset.blocks[0], 0, 1)], dataset.kind).sequences[0]

    assert view.trained_counts.tolist() == [1]
