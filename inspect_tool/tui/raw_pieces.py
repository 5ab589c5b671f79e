"""A raw row cut into the pieces that tokens came from, so that each token's can be lit.

Arrays over pieces and tokens: which pieces a token covers, and which token a piece belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.sample import IGNORE_INDEX, TokenSequence
from inspect_tool.tui.passage import Passage, entire
from inspect_tool.tui.widgets.token_paint import MASKED, PLAIN, TRAINED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.prompts.explained import Explained
    from inspect_tool.prompts.raw_text import RawText


@dataclass(frozen=True, eq=False)
class RawPieces:
    """A drawn raw row of p pieces beside the n tokens of one sequence.

    ``looks`` uint8[p] is how each piece is painted; token ``i`` came from pieces
    ``[firsts[i], stops[i])`` (int32[n], both 0 for one that is not from the data); ``tokens``
    int32[p] is the first token of each piece, -1 for what no token came from.
    """

    passage: Passage
    looks: NDArray[np.uint8]
    firsts: NDArray[np.int32]
    stops: NDArray[np.int32]
    tokens: NDArray[np.int32]

    def of_token(self, token: int) -> range:
        """Return the pieces that a token came from."""
        if not 0 <= token < len(self.firsts):
            return range(0)
        return range(int(self.firsts[token]), int(self.stops[token]))


def cut_raw(raw: RawText, explained: Explained | None) -> RawPieces:
    """Cut a raw row at the edges of what each token came from; in one piece without tokens."""
    starts, stops = _characters(raw, explained)
    edges = np.unique(np.concatenate([starts, stops, [0, len(raw.text)]]))
    firsts = np.searchsorted(edges, starts).astype(np.int32)
    lasts = np.searchsorted(edges, stops).astype(np.int32)
    owners = np.full(max(len(edges) - 1, 0), -1, dtype=np.int32)
    for token in np.flatnonzero(stops > starts)[::-1].tolist():
        owners[firsts[token] : lasts[token]] = token
    texts = [raw.text[start:stop] for start, stop in pairwise(edges.tolist())]
    sequence = TokenSequence("raw", np.empty(0, dtype=np.int64), stored_text=raw.text)
    return RawPieces(
        passage=entire(sequence, None, show_ids=False, texts=texts),
        looks=_looks(owners, explained),
        firsts=firsts,
        stops=lasts,
        tokens=owners,
    )


def _characters(
    raw: RawText, explained: Explained | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where in the raw text each token's characters are; 0 and 0 for those without."""
    if explained is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    places = [raw.places.get(field.path, range(0)) for field in explained.field_table]
    begins = np.array([place.start for place in places] or [0], dtype=np.int64)
    lengths = np.array([len(place) for place in places] or [0], dtype=np.int64)
    field = np.maximum(explained.fields, 0)
    there = (explained.fields >= 0) & (explained.ends > explained.starts)
    there &= explained.ends <= lengths[field]
    starts = np.where(there, begins[field] + explained.starts, 0)
    return starts, np.where(there, begins[field] + explained.ends, 0)


def _looks(owners: NDArray[np.int32], explained: Explained | None) -> NDArray[np.uint8]:
    looks = np.full(len(owners), PLAIN, dtype=np.uint8)
    if explained is not None and explained.labels is not None and len(explained):
        states = np.where(explained.labels == IGNORE_INDEX, MASKED, TRAINED).astype(np.uint8)
        looks = np.where(owners >= 0, states[owners], PLAIN).astype(np.uint8)
    return looks
