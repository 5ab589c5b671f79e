"""A stretch of rows as flat arrays, each worked out once when first asked for.

Every check looks at the same tokens; a view is what they share, so that a dataset is read once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from inspect_tool.errors import InspectError
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from inspect_tool.samples.kinds import Kind, SequenceColumns
    from inspect_tool.samples.prepared import Block

    Integers = NDArray[np.integer[Any]]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Runs:
    """The maximal trained runs of a view, in order: ``[start, stop)`` in its tokens, and the row.

    All three int64[k]; no run crosses the end of a row.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    row: NDArray[np.int64]


class SequenceView:
    """One sequence of consecutive rows: token arrays of n entries over r rows.

    ``number`` tells the sequences of a row apart (0, or 1 for the second of a pair). Row ``i`` is
    ``ids[offsets[i]:offsets[i + 1]]``, the dataset's row ``first + i``. ``uneven`` bool[r] marks
    rows whose columns disagree about the number of tokens; such rows are empty here.
    """

    def __init__(
        self,
        *,
        number: int,
        first: int,
        ids: Integers,
        offsets: Integers,
        labels: Integers | None = None,
        attention: Integers | None = None,
        positions: Integers | None = None,
        uneven: Flags | None = None,
    ) -> None:
        self.number = number
        self.first = first
        self.ids = ids
        self.offsets = offsets
        self._stored_labels = labels
        self.attention = attention
        self.positions = positions
        self.uneven: Flags = np.zeros(len(self), np.bool_) if uneven is None else uneven

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def labels(self) -> Integers | None:
        """Return the label of every token, int32[n] where they fit, None if none are stored."""
        return None if self._stored_labels is None else _narrow(self._stored_labels)

    @cached_property
    def starts(self) -> Integers:
        """Return the first token of every row, int[r]."""
        return self.offsets[:-1]

    @cached_property
    def stops(self) -> Integers:
        """Return the token past the last of every row, int[r]."""
        return self.offsets[1:]

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """Return the tokens of every row, int32[r]."""
        return np.diff(self.offsets).astype(np.int32)

    @cached_property
    def trained(self) -> Flags | None:
        """Return which tokens enter the loss, bool[n], None when no labels are stored."""
        labels = self._stored_labels
        return None if labels is None else np.asarray(labels != IGNORE_INDEX)

    @cached_property
    def trained_counts(self) -> NDArray[np.int32]:
        """Return the trained tokens of every row, int32[r]; zeros when no labels are stored."""
        counts = np.zeros(len(self), dtype=np.int32)
        if self.trained is None or not len(self.trained):
            return counts
        filled = self.lengths > 0
        # reduceat gives an empty row the element at its start, and so belongs to non-empty rows.
        counts[filled] = np.add.reduceat(self.trained, self.starts[filled], dtype=np.int32)
        return counts

    @cached_property
    def runs(self) -> Runs:
        """Return the maximal trained runs; none when no labels are stored."""
        flags = self.trained
        if flags is None or not len(flags):
            nothing = np.empty(0, dtype=np.int64)
            return Runs(nothing, nothing, nothing)
        changes = np.flatnonzero(flags[1:] != flags[:-1]) + 1
        seams = self.starts[1:][(self.lengths[1:] > 0) & (self.starts[1:] > 0)]
        seams = seams[flags[seams] & flags[seams - 1]]
        rising = flags[changes]
        start = np.concatenate([np.flatnonzero(flags[:1]), changes[rising], seams])
        stop = np.concatenate([changes[~rising], seams, [len(flags)] * int(flags[-1])])
        start, stop = np.sort(start).astype(np.int64), np.sort(stop).astype(np.int64)
        return Runs(start, stop, self.row_of(start))

    @cached_property
    def last_runs(self) -> NDArray[np.int64]:
        """Return the number in ``runs`` of every row's last run, int64[r], -1 where none is."""
        past = np.searchsorted(self.runs.row, np.arange(len(self)), side="right")
        return np.where(self.trained_counts > 0, past - 1, -1)

    @cached_property
    def whole(self) -> Flags:
        """Return which rows are trained from their first token to their last, bool[r]."""
        return np.asarray((self.trained_counts == self.lengths) & (self.lengths > 0))

    def trained_before(self, tokens: Integers) -> NDArray[np.int64]:
        """Return how many trained tokens of the view stand before each of ``tokens``, int64."""
        runs = self.runs
        if not len(runs.start):
            return np.zeros(tokens.shape, dtype=np.int64)
        sizes = runs.stop - runs.start
        sums = np.cumsum(sizes) - sizes
        run = np.searchsorted(runs.start, tokens, side="right") - 1
        inside = np.minimum(tokens - runs.start[run], sizes[run])
        return np.where(run >= 0, sums[run] + inside, 0)

    def row_of(self, tokens: Integers) -> NDArray[np.int64]:
        """Return the view's row that holds each of ``tokens``, int64 in their shape."""
        return np.searchsorted(self.offsets, tokens, side="right").astype(np.int64) - 1

    def at(self, tokens: Integers) -> NDArray[np.int64]:
        """Return the ids at ``tokens``, and -1 for places outside the view; int64."""
        inside = (tokens >= 0) & (tokens < len(self.ids))
        found = np.full(tokens.shape, -1, dtype=np.int64)
        found[inside] = self.ids[tokens[inside]]
        return found


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows ``[start, stop)`` of a block."""

    block: Block
    start: int
    stop: int

    @property
    def first(self) -> int:
        """Return the dataset row that this begins with."""
        return self.block.first + self.start

    def __len__(self) -> int:
        return self.stop - self.start

    def expect(self, columns: Iterable[str]) -> None:
        """Have the system map all tokens of some list columns, which are about to be read."""
        for column in columns:
            values, offsets = self.block.lists(column)
            self.block.shard.expect(values[offsets[self.start] : offsets[self.stop]])


class RowsView:
    """Consecutive rows of a dataset, all of their columns; made by one thread, used by one.

    One piece is viewed where it lies; several are put together by copying. Raises InspectError
    when a column of these rows cannot be read.
    """

    def __init__(self, pieces: Sequence[Piece], kind: Kind) -> None:
        self.first = pieces[0].first
        self.rows = sum(map(len, pieces))
        self.kind = kind
        self._pieces = pieces
        self.sequences = tuple(
            _sequence(pieces, columns, number)
            for number, columns in enumerate(kind.sequences)
            if columns.ids
        )

    def __len__(self) -> int:
        return self.rows

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """Return the tokens of every row over all of its sequences, int32[rows]."""
        total = np.zeros(self.rows, dtype=np.int32)
        for sequence in self.sequences:
            total += sequence.lengths
        return total

    @cached_property
    def characters(self) -> NDArray[np.int32] | None:
        """Return the characters of every row's texts, int32[rows]; None where ids are stored."""
        names = [columns.text for columns in self.kind.sequences if columns.text]
        if not names:
            return None
        counts = [sum(_characters(piece, name) for name in names) for piece in self._pieces]
        return np.concatenate(counts).astype(np.int32)

    @cached_property
    def trained_counts(self) -> NDArray[np.int32]:
        """Return the trained tokens of every row, int32[rows]."""
        total = np.zeros(self.rows, dtype=np.int32)
        for sequence in self.sequences:
            total += sequence.trained_counts
        return total

    @property
    def columns(self) -> list[str]:
        """Return the names of all columns."""
        return list(self._pieces[0].block.batch.schema.names)

    def values(self, column: str) -> list[Any]:
        """Return the values of a column as Python objects, one per row; text as str."""
        values: list[Any] = []
        for piece in self._pieces:
            try:
                array = piece.block.column(column).slice(piece.start, len(piece))
                values += map(_readable, array.to_pylist())
            except (pa.ArrowException, ValueError) as error:
                last = piece.first + len(piece) - 1
                raise InspectError(
                    f"column {column!r} cannot be read ({error})",
                    place=f"{piece.block.shard.path}, rows {piece.first} to {last}",
                ) from error
        return values


def _characters(piece: Piece, column: str) -> NDArray[np.int64]:
    """Return the characters of a text column, int64[rows]: bytes that go on with none begin one."""
    array = piece.block.column(column).slice(piece.start, len(piece))
    width = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, width)[array.offset : array.offset + len(array) + 1]
    first, last = int(bounds[0]), int(bounds[-1])
    if first == last:
        return np.zeros(len(array), dtype=np.int64)
    begins = np.frombuffer(data, np.uint8)[first:last] & 0xC0 != 0x80
    return np.diff(np.append(0, np.cumsum(begins))[bounds - first])


def _readable(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _sequence(pieces: Sequence[Piece], columns: SequenceColumns, number: int) -> SequenceView:
    assert columns.ids is not None
    ids, offsets = _joined(pieces, columns.ids)
    uneven = np.zeros(len(offsets) - 1, dtype=np.bool_)
    parts: dict[str, tuple[Integers, Integers]] = {}
    for role in ("labels", "attention", "positions"):
        column = getattr(columns, role)
        if column is not None:
            parts[role] = _joined(pieces, column)
            uneven |= np.diff(parts[role][1]) != np.diff(offsets)
    if uneven.any():
        ids, offsets, parts = _even(ids, offsets, parts, ~uneven)
    others = {role: values for role, (values, _) in parts.items()}
    return SequenceView(
        number=number, first=pieces[0].first, ids=ids, offsets=offsets, uneven=uneven, **others
    )


def _joined(pieces: Sequence[Piece], column: str) -> tuple[Integers, Integers]:
    """Return the values and offsets of a list column over all pieces, offsets from 0."""
    parts = [_slice(piece, column) for piece in pieces]
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([np.diff(offsets) for _, offsets in parts])
    return np.concatenate([values for values, _ in parts]), np.append(0, np.cumsum(lengths))


def _slice(piece: Piece, column: str) -> tuple[Integers, Integers]:
    values, offsets = piece.block.lists(column)
    offsets = offsets[piece.start : piece.stop + 1]
    return values[offsets[0] : offsets[-1]], offsets - offsets[0]


def _narrow(labels: Integers) -> Integers:
    """Return labels as int32 where they fit: comparing them with ids is then much faster."""
    if labels.dtype == np.int32 or not len(labels):
        return labels
    limits = np.iinfo(np.int32)
    fits = limits.min <= labels.min() and labels.max() <= limits.max
    return labels.astype(np.int32) if fits else labels


def _even(
    ids: Integers, offsets: Integers, parts: dict[str, tuple[Integers, Integers]], keep: Flags
) -> tuple[Integers, Integers, dict[str, tuple[Integers, Integers]]]:
    """Leave the tokens of rows that are not kept out of every array; the rows stay, empty."""

    def kept(values: Integers, bounds: Integers) -> Integers:
        return values[np.repeat(keep, np.diff(bounds))]

    lengths = np.where(keep, np.diff(offsets), 0)
    even = np.concatenate([[0], np.cumsum(lengths)])
    return (
        kept(ids, offsets),
        even,
        {role: (kept(values, bounds), even) for role, (values, bounds) in parts.items()},
    )
