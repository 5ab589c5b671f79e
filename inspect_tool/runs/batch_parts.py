"""A batch's rows cut into samples and padding, each sample with the prepared rows it came from.

Nothing in a batch says where its tokens are from: a sample is looked up by all of its tokens. Where
one sample ends and the next begins is told by position ids that restart and by attention masks that
number the samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.runs.batches import FOLDER
from inspect_tool.runs.folders import FolderState, prepared_folders
from inspect_tool.runs.trainer_rows import SEQUENCES, TrainerRows, file_name, read_trainer_rows
from inspect_tool.samples.prepared import PreparedDataset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from inspect_tool.runs.batches import Batch, BatchSequence
    from inspect_tool.samples.prepared import Block

    Numbers = NDArray[np.integer[Any]]

NOT_PREPARED = "no prepared row has these tokens"
MOST_ROWS = 20
"""Equal prepared rows that are named; ``Part.count`` is exact."""
_SHORTEST_PREFIX = 8
"""A cut sample needs as many tokens to be told from others."""
_AT_ONCE = 1 << 20
"""Tokens that are compared at a time."""


@dataclass(frozen=True)
class Part:
    """Tokens ``[start, stop)`` of one row of a batch: one sample, or padding.

    ``rows`` are the prepared rows with the same tokens (with the same labels too, where there are
    such), ascending: several where rows are equal, and then it is one of them. Where there are
    none, ``unknown`` says why.
    """

    start: int
    stop: int
    padding: bool = False
    rows: tuple[int, ...] = ()
    count: int = 0
    dataset: Path | None = None
    sequence: str = ""
    """The sequence of those rows: "input_ids", "chosen", ..."""
    whole: bool = True
    """False if the prepared rows go on after these tokens."""
    unknown: str = ""
    labels: Numbers | None = field(default=None, compare=False, repr=False)
    """What is stored for these tokens, int[stop - start]; None where no labels are."""

    def __len__(self) -> int:
        return self.stop - self.start

    def __str__(self) -> str:
        if self.padding:
            return "padding"
        if not self.rows:
            return f"unknown: {self.unknown}"
        name = "" if self.sequence in {"", "input_ids"} else f" ({self.sequence})"
        cut = "" if self.whole else ", cut off"
        if self.count == 1:
            return f"row {self.rows[0]}{name}{cut}"
        more = ", ..." if self.count > len(self.rows) else ""
        return f"one of rows {', '.join(map(str, self.rows))}{more}{name}{cut}"


@dataclass(frozen=True, eq=False)
class _Row:
    """One row of a batch, arrays of its length."""

    ids: Numbers
    labels: Numbers | None
    attention: Numbers | None
    positions: Numbers | None
    pad: int | None

    def bounds(self) -> list[tuple[int, int]]:
        """Cut where positions do not go on, and where the attention's number changes."""
        starts = np.zeros(len(self.ids), dtype=bool)
        starts[:1] = True
        if self.positions is not None:
            starts[1:] |= self.positions[1:] != self.positions[:-1] + 1
        if self.attention is not None:
            starts[1:] |= self.attention[1:] != self.attention[:-1]
        at = [*np.flatnonzero(starts).tolist(), len(self.ids)]
        return list(pairwise(at))

    def is_padding(self, start: int, stop: int) -> bool:
        """Tell padding by its attention; without one, by untrained padding tokens alone."""
        if self.attention is not None:
            return not self.attention[start]
        return self.pads(start, stop) == stop - start

    def pads(self, start: int, stop: int) -> int:
        """Count the untrained padding tokens at the end of ``[start, stop)``."""
        if self.pad is None:
            return 0
        other = self.ids[start:stop] != self.pad
        if self.labels is not None:
            other |= self.labels[start:stop] >= 0
        return int(np.argmax(other[::-1])) if other.any() else stop - start


def parts_of(batch: Batch, sequence: BatchSequence) -> tuple[tuple[Part, ...], ...]:
    """Cut every row of ``sequence``; raises InspectError only for a batch that cannot be read."""
    index = _index_of(batch, sequence.name)
    rows = []
    for number in range(len(sequence.ids)):
        arrays = (sequence.labels, sequence.attention, sequence.positions)
        labels, attention, positions = (None if a is None else a[number] for a in arrays)
        row = _Row(sequence.ids[number], labels, attention, positions, batch.pad_token_id)
        rows.append(tuple(_parts(row, index)))
    return tuple(rows)


def _parts(row: _Row, index: _AnyIndex | str) -> Iterator[Part]:
    bounds = row.bounds()
    content = [(a, b) for a, b in bounds if not row.is_padding(a, b)]
    if len(content) > 1:
        whole = _look_up(row, content[0][0], content[-1][1], index)
        if whole.rows and whole.whole:
            content = [(whole.start, whole.stop)]
            inside = range(whole.start, whole.stop)
            bounds = sorted([*content, *((a, b) for a, b in bounds if a not in inside)])
    for start, stop in bounds:
        if (start, stop) not in content:
            yield Part(start, stop, padding=True)
            continue
        part = _look_up(row, start, stop, index)
        yield part
        if part.stop < stop:
            yield Part(part.stop, stop, padding=True)


def _look_up(row: _Row, start: int, stop: int, index: _AnyIndex | str) -> Part:
    """Find a sample; padding that nothing but its token tells apart is left off at the end."""
    part = Part(start, stop)
    if isinstance(index, str):
        pads = row.pads(start, stop) if row.attention is None and row.positions is None else 0
        return replace(part, stop=stop - pads, unknown=index)
    ids = row.ids[start:stop]
    pads = 0 if row.attention is not None else row.pads(start, stop)
    for missing in dict.fromkeys((0, pads, *range(pads - 1, max(pads - 4, 0), -1))):
        found = index.find(ids[: len(ids) - missing], whole=True)
        if found:
            return _found(replace(part, stop=stop - missing), row, found)
    part = replace(part, stop=stop - pads)
    if len(part) >= _SHORTEST_PREFIX:
        found = index.find(ids[: len(part)], whole=False)
        if found:
            return _found(replace(part, whole=False), row, found)
    return replace(part, unknown=index.problem)


def _found(part: Part, row: _Row, hits: list[_Hit]) -> Part:
    """Name the rows found; those with the same labels alone, where there are such."""
    best = hits
    if row.labels is not None:
        wanted = row.labels[part.start : part.stop]
        best = [hit for hit in hits if np.array_equal(hit.labels(len(part)), wanted)] or hits
    first = best[0]
    of_one = sorted({hit.row for hit in best if hit.folder == first.folder})
    return replace(
        part,
        rows=tuple(of_one[:MOST_ROWS]),
        count=len(of_one),
        dataset=first.folder,
        sequence=first.sequence,
        labels=first.labels(len(part)),
    )


@dataclass(frozen=True, eq=False)
class _Hit:
    folder: Path
    sequence: str
    row: int
    block: Block | None = None
    column: str | None = None
    """The block and its column with the row's labels, where there are such."""

    def labels(self, length: int) -> Numbers:
        """Return the first labels of the row; empty where none are stored."""
        if self.block is None or self.column is None:
            return np.empty(0, dtype=np.int64)
        values, offsets = self.block.lists(self.column)
        at = int(offsets[self.row - self.block.first])
        return values[at : at + length]


@dataclass(frozen=True, eq=False)
class _TextIndex:
    """The rows that a trainer made tokens of itself, looked up by those."""

    made: TrainerRows
    folder: Path
    """Of the prepared dataset that has their text."""
    name: str
    """Of the sequence that is looked up."""
    problem = "none of the trainer's rows has these tokens"

    def find(self, ids: Numbers, *, whole: bool) -> list[_Hit]:
        """Return the rows that are ``ids``, or have them at one end."""
        found = self.made.find(self.name, ids, whole=whole)
        return [_Hit(self.folder, name, row) for row, name in found if row >= 0]


class _Index:
    """The prepared datasets of a run, looked up by tokens."""

    def __init__(self, datasets: tuple[PreparedDataset, ...]) -> None:
        self.datasets = datasets
        self.problem = NOT_PREPARED
        """Why a row is not found."""

    def find(self, ids: Numbers, *, whole: bool) -> list[_Hit]:
        """Return the rows that are ``ids``, or begin with them and go on; blocks intact only."""
        found = []
        for dataset in self.datasets:
            for columns in dataset.kind.sequences:
                for block in dataset.blocks if columns.ids else ():
                    try:
                        rows = _equal_rows(block, columns.ids or "", ids, whole=whole)
                    except InspectError as error:
                        self.problem = f"prepared rows cannot be read: {error}"
                        continue
                    at = (dataset.path, columns.name)
                    found += [_Hit(*at, block.first + row, block, columns.labels) for row in rows]
        return found


def _equal_rows(block: Block, column: str, ids: Numbers, *, whole: bool) -> list[int]:
    values, offsets = block.lists(column)
    lengths = np.diff(offsets)
    rows = np.flatnonzero(lengths == len(ids) if whole else lengths > len(ids))
    for probe in {0, len(ids) // 2, len(ids) - 1} if len(ids) else ():
        rows = rows[values[offsets[rows] + probe] == ids[probe]]
    step = max(1, _AT_ONCE // max(1, len(ids)))
    inside = np.arange(len(ids))
    found: list[int] = []
    for first in range(0, len(rows), step):
        some = rows[first : first + step]
        equal = (values[offsets[some][:, None] + inside] == ids).all(axis=1)
        found += some[equal].tolist()
    return found


_AnyIndex = _Index | _TextIndex


def _index_of(batch: Batch, name: str) -> _AnyIndex | str:
    """Return where the samples of a sequence are looked up; a reason where they cannot be."""
    if batch.prepared is None:
        return "rows are made while training, and none are stored"
    folders = [f for f in prepared_folders(batch.prepared) if f.state is FolderState.COMPLETE]
    if not folders:
        return f"no prepared dataset lies in {batch.prepared}"
    found = _open(tuple((folder.path, folder.modified) for folder in folders))
    made = read_trainer_rows(batch.run / FOLDER / file_name(batch.phase))
    if not isinstance(found, str) or made is None:
        return found
    if name not in SEQUENCES:
        return "made while training"
    return _TextIndex(made, batch.run / made.folder, name)


@lru_cache(maxsize=2)
def _open(folders: tuple[tuple[Path, float], ...]) -> _Index | str:
    """Open the datasets as they stand at that time."""
    opened, reasons = [], []
    for folder, _ in folders:
        try:
            opened.append(PreparedDataset.open(folder))
        except InspectError as error:
            reasons.append(str(error))
    with_ids = [d for d in opened if any(columns.ids for columns in d.kind.sequences)]
    if with_ids:
        return _Index(tuple(with_ids))
    if opened:
        return "the dataset is stored as text, which the trainer itself makes tokens of"
    return "; ".join(reasons)
