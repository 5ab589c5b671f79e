"""Rows that are nearly the same: MinHash over runs of tokens, then compared exactly.

What most rows share (a template, a system prompt) is left out first, or every row of an
instruction dataset would resemble every other.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.samples.views import Piece, RowsView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.views import SequenceView

    Hashes = NDArray[np.uint64]
    Signatures = NDArray[np.uint32]

SIMILAR: Final = 0.8
"""The Jaccard similarity of token runs from which two rows count as near copies."""

RUN: Final = 5
"""Tokens of one run (shingle)."""

BANDS, ROWS_PER_BAND = 16, 4
SEED: Final = 42
LIBRARY: Final = "rensa"
NEEDED: Final = "near duplicates need the rensa library: pip install 'axolotl-inspect[dedup]'"

_COMMON_SHARE: Final = 0.5
_COMMON_ROWS: Final = 1000
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)


def available() -> bool:
    """Tell whether the library is installed."""
    return find_spec(LIBRARY) is not None


def signatures(dataset: PreparedDataset, view: RowsView) -> Signatures:
    """Return the MinHash signatures of a stretch's rows, uint32[rows, BANDS * ROWS_PER_BAND].

    A row without a run of its own has a signature of zeros.
    """
    from rensa import RMinHash

    flat, counts = _own_runs(dataset, view)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    size = BANDS * ROWS_PER_BAND
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, size, SEED)
    made = np.array(matrix.to_rows(), dtype=np.uint32).reshape(len(view), size)
    made[counts == 0] = 0
    return made


def near_copies(dataset: PreparedDataset, made: Signatures) -> Iterator[tuple[int, int, float]]:
    """Yield ``(row, earlier row, similarity)`` for rows at least SIMILAR to an earlier one.

    Exact copies are left out. ``made`` holds the signatures of all rows.
    """
    best: dict[int, tuple[float, int]] = {}
    for row, earlier in sorted(_candidates(made)):
        if best.get(row, (0.0, 0))[0] < 1.0:
            similarity = _similarity(dataset, row, earlier)
            best[row] = max(best.get(row, (0.0, 0)), (similarity, earlier))
    for row, (similarity, earlier) in sorted(best.items()):
        if similarity >= SIMILAR and not _equal(dataset, row, earlier):
            yield row, earlier, similarity


def _candidates(made: Signatures) -> set[tuple[int, int]]:
    """Return pairs of rows that agree in one band at least; each row with a bucket's first."""
    filled = np.flatnonzero(made.any(axis=1))
    pairs: set[tuple[int, int]] = set()
    for band in range(BANDS):
        part = made[filled, band * ROWS_PER_BAND : (band + 1) * ROWS_PER_BAND].astype(np.uint64)
        keys = np.zeros(len(filled), dtype=np.uint64)
        for column in part.T:
            keys = (keys ^ column) * _MULTIPLIER
            keys ^= keys >> np.uint64(31)
        order = np.argsort(keys, kind="stable")
        starts = np.ones(len(order), dtype=np.bool_)
        starts[1:] = keys[order[1:]] != keys[order[:-1]]
        first = filled[order[starts]][np.cumsum(starts) - 1]
        again = filled[order]
        pairs.update(zip(again[~starts].tolist(), first[~starts].tolist(), strict=True))
    return pairs


def _similarity(dataset: PreparedDataset, row: int, other: int) -> float:
    one, two = _runs_of_row(dataset, row), _runs_of_row(dataset, other)
    shared = len(np.intersect1d(one, two, assume_unique=True))
    return shared / max(len(one) + len(two) - shared, 1)


def _equal(dataset: PreparedDataset, row: int, other: int) -> bool:
    return all(
        np.array_equal(one.ids, two.ids)
        for one, two in zip(
            dataset.sample(row).sequences, dataset.sample(other).sequences, strict=True
        )
    )


@lru_cache(maxsize=4096)
def _runs_of_row(dataset: PreparedDataset, row: int) -> Hashes:
    block, index = dataset.block_of(row)
    return np.unique(
        _own_runs(dataset, RowsView([Piece(block, index, index + 1)], dataset.kind))[0]
    )


def _own_runs(dataset: PreparedDataset, view: RowsView) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hashes of the runs that are not common, row after row, and how many each has."""
    common = _common_runs(dataset)
    hashes, owner = _runs_of(view)
    slots = np.minimum(np.searchsorted(common, hashes), max(len(common) - 1, 0))
    own = common[slots] != hashes if len(common) else np.ones(len(hashes), dtype=np.bool_)
    return hashes[own], np.bincount(owner[own], minlength=len(view))


@lru_cache(maxsize=1)
def _common_runs(dataset: PreparedDataset) -> Hashes:
    """Return the runs that most of the first rows have, sorted."""
    if not dataset.blocks:
        return np.empty(0, dtype=np.uint64)
    block = dataset.blocks[0]
    view = RowsView([Piece(block, 0, min(len(block), _COMMON_ROWS))], dataset.kind)
    hashes, owner = _runs_of(view)
    order = np.lexsort((owner, hashes))
    hashes, owner = hashes[order], owner[order]
    new = np.ones(len(hashes), dtype=np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    distinct, rows = np.unique(hashes[new], return_counts=True)
    return distinct[rows > max(_COMMON_SHARE * len(view), 2)]


def _runs_of(view: RowsView) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hash of every run of tokens, in the order of rows, and the row of each."""
    parts = [_runs_of_sequence(sequence) for sequence in view.sequences]
    hashes = np.concatenate([part[0] for part in parts])
    owner = np.concatenate([part[1] for part in parts])
    if len(parts) > 1:
        order = np.argsort(owner, kind="stable")
        hashes, owner = hashes[order], owner[order]
    return hashes, owner


def _runs_of_sequence(view: SequenceView) -> tuple[Hashes, NDArray[np.int64]]:
    count = max(len(view.ids) - RUN + 1, 0)
    ids = view.ids.astype(np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    for step in range(RUN):
        hashes = (hashes ^ ids[step : step + count]) * _MULTIPLIER
        hashes ^= hashes >> np.uint64(32)
    start = np.arange(count)
    owner = view.row_of(start)
    inside = start + RUN <= view.offsets[owner + 1]
    return hashes[inside], owner[inside]


def require_library() -> None:
    """Raise InspectError if the library is missing."""
    if not available():
        raise InspectError(NEEDED)
