"""How much there is of a dataset and how much of it is trained, row by row, in one pass."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inspect_tool.samples.scan import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.scan import Looked
    from inspect_tool.samples.views import RowsView

PART_SECONDS = 0.1
"""How often a census in the making is handed out."""

Order = Literal["row", "length", "trained", "share"]


@dataclass(frozen=True, eq=False, slots=True)
class Histogram:
    """``counts`` int64[b] of values in ``b`` bins of equal width between ``low`` and ``high``."""

    counts: NDArray[np.int64]
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Census:
    """Counts over the first ``done`` of ``rows`` rows; all of them once ``done == rows``.

    ``lengths`` int32[rows] and ``trained`` int32[rows] hold tokens and trained tokens per row (of
    both sides of a pair; zeros in datasets stored as text), zero from ``done`` on. While a census
    is being made its parts share these arrays: what is written stays. ``unreadable`` are row
    numbers that could not be read; they count as empty. ``labelled``: labels are stored at all.
    ``characters`` int32[rows] stands in for lengths in datasets stored as text, else it is None.
    """

    rows: int
    done: int
    tokens: int
    trained_tokens: int
    lengths: NDArray[np.int32]
    trained: NDArray[np.int32]
    labelled: bool
    unreadable: tuple[range, ...] = ()
    characters: NDArray[np.int32] | None = None

    @property
    def complete(self) -> bool:
        """Whether every row is counted."""
        return self.done == self.rows

    @property
    def trained_share(self) -> float:
        """Return trained tokens over all tokens, 0.0 for nothing."""
        return self.trained_tokens / self.tokens if self.tokens else 0.0

    @cached_property
    def shares(self) -> NDArray[np.float32]:
        """Return the trained share of every counted row, float32[done], 0 for an empty row."""
        lengths, trained = self.lengths[: self.done], self.trained[: self.done]
        return np.divide(
            trained, lengths, out=np.zeros(self.done, dtype=np.float32), where=lengths > 0
        )

    def order(self, by: Order, *, descending: bool = False) -> NDArray[np.int64]:
        """Return the counted rows in the asked order, ties by row number; int64[done]."""
        if by == "row":
            rows = np.arange(self.done)
            return rows[::-1] if descending else rows
        values: NDArray[Any] = {
            "length": self.lengths[: self.done],
            "trained": self.trained[: self.done],
            "share": self.shares,
        }[by]
        return np.argsort(-values if descending else values, kind="stable")

    def length_histogram(self, bins: int = 24) -> Histogram:
        """Return how many rows have which length, between the shortest and the longest."""
        lengths = self.lengths[: self.done]
        if not len(lengths):
            return Histogram(np.zeros(bins, dtype=np.int64), 0, 0)
        low, high = int(lengths.min()), int(lengths.max())
        return Histogram(_binned(lengths, low, high, bins), low, high)

    def share_histogram(self, bins: int = 20) -> Histogram:
        """Return how many rows have which trained share, between 0 and 1."""
        return Histogram(_binned(self.shares, 0, 1, bins), 0, 1)

    def quantile(self, fraction: float) -> int:
        """Return the length below which ``fraction`` of the counted rows lie, 0 for no rows."""
        lengths = self.lengths[: self.done]
        if not len(lengths):
            return 0
        rank = min(int(fraction * len(lengths)), len(lengths) - 1)
        return int(np.partition(lengths, rank)[rank])


class CensusTaker:
    """Puts a census together from the stretches of a scan, in their order."""

    def __init__(self, dataset: PreparedDataset) -> None:
        self._rows = dataset.num_rows
        self._labelled = any(columns.labels for columns in dataset.kind.sequences)
        self._lengths = np.zeros(self._rows, dtype=np.int32)
        self._trained = np.zeros(self._rows, dtype=np.int32)
        by_text = any(columns.text for columns in dataset.kind.sequences)
        self._characters = np.zeros(self._rows, dtype=np.int32) if by_text else None
        self._done = self._tokens = self._trained_tokens = 0
        self._unreadable: list[range] = []

    def add(self, looked: Looked[Any], view: Counts | None) -> None:
        """Count one stretch; ``view`` is None where it could not be read."""
        start, stop = looked.stretch.first, looked.stretch.first + len(looked.stretch)
        self._done = stop
        if view is None:
            self._unreadable.append(range(start, stop))
            return
        self._lengths[start:stop] = view.lengths
        self._trained[start:stop] = view.trained
        if self._characters is not None and view.characters is not None:
            self._characters[start:stop] = view.characters
        self._tokens += int(view.lengths.sum(dtype=np.int64))
        self._trained_tokens += int(view.trained.sum(dtype=np.int64))

    def census(self) -> Census:
        """Return what is counted so far."""
        return Census(
            rows=self._rows,
            done=self._done,
            tokens=self._tokens,
            trained_tokens=self._trained_tokens,
            lengths=self._lengths,
            trained=self._trained,
            labelled=self._labelled,
            unreadable=tuple(self._unreadable),
            characters=self._characters,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """Tokens, trained tokens and (in text) characters of a stretch's rows, each int32[rows]."""

    lengths: NDArray[np.int32]
    trained: NDArray[np.int32]
    characters: NDArray[np.int32] | None = None

    @classmethod
    def of(cls, view: RowsView) -> Counts:
        """Count the rows of a view."""
        return cls(view.lengths, view.trained_counts, view.characters)


def census(
    dataset: PreparedDataset,
    *,
    on_part: Callable[[Census], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Census:
    """Count a dataset; returns what was counted, which is all of it unless it was cancelled.

    ``on_part`` is handed a census in the making every PART_SECONDS, ``cancelled`` asked as often
    as there is something new; both are called in the caller's thread.
    """
    taker = CensusTaker(dataset)
    for part in counted(dataset, taker):
        if cancelled is not None and cancelled():
            break
        if on_part is not None and part:
            on_part(taker.census())
    return taker.census()


def counted(dataset: PreparedDataset, taker: CensusTaker) -> Iterator[bool]:
    """Feed ``taker`` stretch by stretch; yields whether it is time to hand out a part."""
    due = time.monotonic() + PART_SECONDS
    for looked in scan(dataset, Counts.of, gather=False):
        taker.add(looked, looked.found)
        now = time.monotonic()
        yield now >= due
        if now >= due:
            due = now + PART_SECONDS


def _binned(values: NDArray[Any], low: float, high: float, bins: int) -> NDArray[np.int64]:
    if not len(values):
        return np.zeros(bins, dtype=np.int64)
    width = (high - low) or 1
    slots = np.minimum(((values - low) * (bins / width)).astype(np.int64), bins - 1)
    return np.bincount(slots, minlength=bins)
