"""One sample as the model is trained on it: sequences of tokens, their labels, runs of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

IGNORE_INDEX: Final = -100
"""The label that the loss leaves out (torch.nn.CrossEntropyLoss's default ``ignore_index``)."""
MARKED_LABELS: Final = 500
"""Where more labels than this differ from their tokens, none is written beside its token."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open run ``[start, stop)`` of tokens that are all trained or all masked.

    ``trained`` is None where nothing is stored about it.
    """

    start: int
    stop: int
    trained: bool | None

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class TokenSequence:
    """One sequence of a sample; every array has one entry per token and is read-only.

    ``ids`` int[n]; ``labels`` int[n] with -100 for masked, None when none are stored;
    ``attention`` and ``positions`` int[n] or None. ``stored_text`` holds the text of a sequence
    that is stored as text; its ``ids`` are then empty, or made for display only.
    """

    name: str
    ids: NDArray[np.integer[Any]]
    labels: NDArray[np.integer[Any]] | None = None
    attention: NDArray[np.integer[Any]] | None = None
    positions: NDArray[np.integer[Any]] | None = None
    stored_text: str | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def trained(self) -> NDArray[np.bool_] | None:
        """Return which tokens enter the loss, bool[n], straight from the stored labels."""
        return None if self.labels is None else np.asarray(self.labels != IGNORE_INDEX)

    @cached_property
    def trained_count(self) -> int:
        """Return the number of trained tokens, 0 when no labels are stored."""
        return 0 if self.trained is None else int(np.count_nonzero(self.trained))

    @cached_property
    def odd_labels(self) -> NDArray[np.int64]:
        """Return the trained tokens whose label is not the token itself (a class, a mistake)."""
        if self.trained is None:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(self.trained & (self.labels != self.ids))

    @property
    def trained_share(self) -> float:
        """Return trained tokens over all tokens, 0.0 for an empty sequence."""
        return self.trained_count / len(self) if len(self) else 0.0

    @cached_property
    def span_starts(self) -> NDArray[np.int64]:
        """Return the first token of each span, int64[spans], ascending."""
        if self.trained is None:
            return np.arange(min(len(self), 1))
        return np.flatnonzero(np.diff(self.trained, prepend=~self.trained[:1]))

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Return the maximal runs of trained or masked tokens, in order, covering the sequence."""
        bounds = [*self.span_starts.tolist(), len(self)]
        flags = [None] if self.trained is None else self.trained[self.span_starts].tolist()
        return tuple(
            Span(start, stop, trained)
            for (start, stop), trained in zip(pairwise(bounds), flags, strict=False)
        )

    def span_at(self, index: int) -> int:
        """Return the number of the span that holds token ``index``."""
        return int(np.searchsorted(self.span_starts, index, side="right")) - 1


@dataclass(frozen=True, eq=False)
class Sample:
    """One row of a prepared dataset; ``columns`` holds the values shown as they are."""

    row: int
    kind: str
    sequences: tuple[TokenSequence, ...]
    columns: Mapping[str, Any] = field(default_factory=dict)
    split: str | None = None
