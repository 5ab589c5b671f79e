"""The tokens of a sequence as pieces that are drawn alike, by what is stored about them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.report.marks import Piece
from inspect_tool.samples.glyphs import unknown_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.report.look import Look
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary


def pieces_of(
    sequence: TokenSequence, vocabulary: Vocabulary | None, look: Look
) -> Iterator[Piece]:
    """Yield the tokens of a sequence as pieces; the ids themselves for want of a tokenizer."""
    ids = sequence.ids
    if vocabulary is None:
        yield from _id_pieces(sequence)
        return
    texts = vocabulary.texts(ids)
    unknown = ~vocabulary.known(ids)
    for index in np.flatnonzero(unknown).tolist():
        texts[index] = unknown_id(int(ids[index]))
    special = vocabulary.specials(ids)
    odd = np.zeros(len(sequence), dtype=np.bool_)
    odd[sequence.odd_labels] = True
    trained = sequence.trained
    for start, stop in _alike(sequence, special | odd, every=look.ids):
        number = f"{ids[start]}" if look.ids and not unknown[start] else ""
        label = f"label {_label(sequence, start)}" if odd[start] else ""
        aside = " ".join(filter(None, (number, label)))
        yield Piece(
            text="".join(texts[start:stop]),
            trained=None if trained is None else bool(trained[start]),
            special=bool(special[start]),
            aside=f"[{aside}]" if aside else "",
        )


def _label(sequence: TokenSequence, index: int) -> int:
    assert sequence.labels is not None
    return int(sequence.labels[index])


def _id_pieces(sequence: TokenSequence) -> Iterator[Piece]:
    """Yield the ids themselves, for want of a tokenizer."""
    for span in sequence.spans:
        space = " " if span.start else ""
        if space:
            yield Piece(space)
        numbers = sequence.ids[span.start : span.stop].tolist()
        yield Piece(" ".join(map(str, numbers)), trained=span.trained)


def _alike(
    sequence: TokenSequence, alone: NDArray[np.bool_], *, every: bool
) -> Iterator[tuple[int, int]]:
    """Yield half-open runs of tokens drawn alike; those ``alone`` bool[n] are runs of their own."""
    starts = alone.copy()
    starts[:1] = True
    starts[1:] |= alone[:-1] | every
    if sequence.trained is not None:
        starts[1:] |= sequence.trained[1:] != sequence.trained[:-1]
    yield from pairwise([*np.flatnonzero(starts).tolist(), len(sequence)])
