"""One pass over a whole dataset at memory speed: stretch by stretch, on every core, in order.

numpy lets go of the interpreter lock, so threads share the work. What was read is given back to
the system as the pass goes on: a dataset larger than memory takes no more than a small one.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.samples.views import Piece, RowsView

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray

    from inspect_tool.samples.kinds import Kind
    from inspect_tool.samples.prepared import Block, PreparedDataset

STRETCH_TOKENS = 1 << 19
"""Tokens of one stretch: its arrays stay in a core's cache while every check looks at them."""

RELEASE_BYTES = 64 << 20
"""What is read of the mapped files before their pages are given back."""

MAX_THREADS = 4
"""More of them only wait for memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive rows: pieces of one block, or of several small ones."""

    pieces: tuple[Piece, ...]

    @property
    def first(self) -> int:
        """Return the dataset row that this begins with."""
        return self.pieces[0].first

    @property
    def bytes_read(self) -> int:
        """Return about how much of the mapped files these rows take."""
        return sum(
            piece.block.batch.nbytes * len(piece) // len(piece.block) for piece in self.pieces
        )

    def __len__(self) -> int:
        return sum(map(len, self.pieces))


@dataclass(frozen=True, slots=True)
class Looked(Generic[T]):
    """What looking at one stretch gave; ``problem`` instead if its rows cannot be read."""

    stretch: Stretch
    found: T | None = None
    problem: InspectError | None = None


def scan(
    dataset: PreparedDataset,
    look: Callable[[RowsView], T],
    *,
    threads: int | None = None,
    gather: bool = True,
) -> Generator[Looked[T], None, None]:
    """Yield what ``look`` finds in every stretch, in the order of rows; stop by not going on.

    ``look`` is called from several threads at once. What it raises is raised here, but an
    InspectError of unreadable rows becomes that stretch's ``problem``. ``gather`` puts small
    blocks together and has every column mapped: worth it where there is much to look at.
    """
    count = threads or min(len(os.sched_getaffinity(0)), MAX_THREADS)
    waiting: deque[Future[Looked[T]]] = deque()
    read = 0
    with ThreadPoolExecutor(count, thread_name_prefix="scan") as pool:
        try:
            for stretch in stretches(dataset, gather=gather):
                waiting.append(pool.submit(_look, dataset, stretch, look, expect=gather))
                if len(waiting) > 2 * count:
                    done = waiting.popleft().result()
                    read += done.stretch.bytes_read
                    yield done
                if read > RELEASE_BYTES:
                    read = 0
                    stretch.pieces[0].block.shard.release_pages()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            for shard in dataset.shards:
                shard.release_pages()


def stretches(dataset: PreparedDataset, *, gather: bool = True) -> Iterator[Stretch]:
    """Cut a dataset into stretches of about STRETCH_TOKENS (one row, where a row is longer)."""
    pending: list[Piece] = []
    size = 0
    for block in dataset.blocks:
        offsets = _offsets(dataset, block)
        joins = gather and offsets is not None
        for piece, tokens in _pieces(block, offsets):
            if pending and (size + tokens > STRETCH_TOKENS or not joins):
                yield Stretch(tuple(pending))
                pending, size = [], 0
            pending.append(piece)
            size += tokens if joins else STRETCH_TOKENS
    if pending:
        yield Stretch(tuple(pending))


def _pieces(block: Block, offsets: NDArray[np.integer[Any]] | None) -> Iterator[tuple[Piece, int]]:
    """Cut a block into pieces, with the tokens that each holds; not at all without offsets."""
    if offsets is None:
        yield Piece(block, 0, len(block)), 0
        return
    start = 0
    while start < len(block):
        limit = int(offsets[start]) + STRETCH_TOKENS
        stop = int(np.searchsorted(offsets, limit, side="right")) - 1
        stop = min(max(stop, start + 1), len(block))
        yield Piece(block, start, stop), int(offsets[stop] - offsets[start])
        start = stop


def _offsets(dataset: PreparedDataset, block: Block) -> NDArray[np.integer[Any]] | None:
    """Return where the rows of a block begin; None for text, and for what cannot be read.

    Such a block is looked at alone, so that its damage costs no other rows.
    """
    found = None
    for columns in dataset.kind.sequences:
        for column in (columns.labels, columns.positions, columns.ids):
            if column is not None:
                try:
                    found = block.lists(column)[1]
                except InspectError:
                    return None
    return found


def _look(
    dataset: PreparedDataset, stretch: Stretch, look: Callable[[RowsView], T], *, expect: bool
) -> Looked[T]:
    try:
        if expect:
            _expect(stretch, dataset.kind)
        view = RowsView(stretch.pieces, dataset.kind)
        return Looked(stretch, found=look(view))
    except InspectError as problem:
        return Looked(stretch, problem=problem)


def _expect(stretch: Stretch, kind: Kind) -> None:
    columns = [name for of in kind.sequences if of.ids for name in of.names()]
    for piece in stretch.pieces:
        piece.expect(columns)
