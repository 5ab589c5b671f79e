"""One token sequence as the page draws it: runs of trained and masked text, not tokens.

A page of 200 long samples opens at once because one element holds a whole run. What the page needs
to find the single token under the pointer again (ids, and how many characters each shows) goes
into a few attributes of the sequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inspect_tool.report.html_pieces import Pieces, Shown, shown
from inspect_tool.samples.glyphs import unknown_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

CHUNK_TOKENS: Final = 1500
"""Tokens after which the next line break ends a chunk, the unit that the browser lays out."""
CHUNK_CHARACTERS: Final = 6000
LINE_CHARACTERS: Final = 110
"""Characters taken to fill a line, to guess how tall a chunk is before it is laid out."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Text that one element holds; a special token, or a run of the same one, has its own."""

    text: Shown
    special: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring tokens, all trained or all masked, from token ``first`` on.

    ``trained`` is None where nothing is stored. ``begins``: not the rest of a run that the chunk
    before it began.
    """

    first: int
    trained: bool | None
    begins: bool
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines; ``tallness`` is the rounded logarithm to base 2 of how many they may fill."""

    runs: tuple[Run, ...]
    tallness: int


@dataclass(frozen=True, slots=True)
class TokensView:
    """``ids`` and ``sizes`` have one number per token; sizes count UTF-16 units, as browsers do.

    ``labels``, ``unattended`` and ``positions`` hold only what is out of the ordinary:
    ``token:label``, ``first-last`` and ``token:position`` where a new count starts.
    """

    chunks: tuple[Chunk, ...]
    ids: str = ""
    sizes: str = ""
    labels: str = ""
    unattended: str = ""
    positions: str = ""


def tokens_view(
    sequence: TokenSequence, vocabulary: Vocabulary | None, pieces: Pieces
) -> TokensView:
    """Return a sequence for the page; ``pieces`` takes note of every token id that occurs."""
    if sequence.stored_text is not None:
        return text_view(sequence.stored_text)
    pieces.note(sequence.ids)
    texts = _texts(sequence, vocabulary)
    sizes, breaks = _measures(texts)
    special = _specials(sequence, vocabulary)
    chunks = []
    for start, stop in _chunks(breaks):
        runs = tuple(_runs(sequence, texts, sizes, special, (start, stop)))
        chunks.append(Chunk(runs, _tallness(runs)))
    return TokensView(
        chunks=tuple(chunks),
        ids=_numbers(sequence.ids),
        sizes=_numbers(sizes),
        labels=_odd_labels(sequence),
        unattended=_unattended(sequence),
        positions=_restarts(sequence),
    )


def text_view(text: str) -> TokensView:
    """Return text without tokens for the page."""
    chunks, start = [], 0
    while start < len(text):
        stop = text.find("\n", start + CHUNK_CHARACTERS) + 1 or len(text)
        run = Run(0, None, start == 0, (Leaf(shown(text[start:stop])),))
        chunks.append(Chunk((run,), _tallness((run,))))
        start = stop
    return TokensView(tuple(chunks))


def _texts(sequence: TokenSequence, vocabulary: Vocabulary | None) -> list[str]:
    ids = sequence.ids
    if vocabulary is None:
        return [f"{token_id} " for token_id in ids.tolist()]
    texts = vocabulary.texts(ids)
    for index in np.flatnonzero(~vocabulary.known(ids)).tolist():
        texts[index] = unknown_id(int(ids[index]))
    return texts


def _measures(texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return how many UTF-16 units each text shows inside a word, and which end a line."""
    size_of = {text: _units(shown(f"x{text}")) - 1 for text in set(texts)}
    sizes = np.fromiter((size_of[text] for text in texts), dtype=np.int64, count=len(texts))
    breaks = np.fromiter((text[-1:] == "\n" for text in texts), dtype=np.bool_, count=len(texts))
    return sizes, breaks


def _specials(sequence: TokenSequence, vocabulary: Vocabulary | None) -> NDArray[np.bool_]:
    if vocabulary is None:
        return np.zeros(len(sequence), dtype=np.bool_)
    return vocabulary.specials(sequence.ids)


def _chunks(breaks: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield half-open ranges of tokens that begin and end at line breaks."""
    ends = np.flatnonzero(breaks) + 1
    start = 0
    while start < len(breaks):
        place = np.searchsorted(ends, start + CHUNK_TOKENS)
        stop = int(ends[place]) if place < len(ends) else len(breaks)
        yield start, stop
        start = stop


def _runs(
    sequence: TokenSequence,
    texts: list[str],
    sizes: NDArray[np.int64],
    special: NDArray[np.bool_],
    bounds: tuple[int, int],
) -> Iterator[Run]:
    """Yield the runs of one chunk; corrects ``sizes`` where a leaf's first character needs room."""
    start, stop = bounds
    inner = sequence.span_starts[(sequence.span_starts > start) & (sequence.span_starts < stop)]
    for first, last in pairwise([start, *inner.tolist(), stop]):
        leaves = tuple(
            _leaf(texts, sizes, (a, b), special=bool(special[a]))
            for a, b in _leaves(sequence.ids, special, first, last)
        )
        trained = None if sequence.trained is None else bool(sequence.trained[first])
        begins = first > start or start == 0 or not _goes_on(sequence, first)
        yield Run(first, trained, begins, leaves)


def _goes_on(sequence: TokenSequence, index: int) -> bool:
    trained = sequence.trained
    return trained is None or bool(trained[index] == trained[index - 1])


def _leaves(
    ids: NDArray[np.integer[Any]], special: NDArray[np.bool_], first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Yield half-open ranges of ordinary tokens, or of one special token repeated."""
    marked = special[first:last]
    changes = marked[1:] != marked[:-1]
    changes |= marked[1:] & (ids[first + 1 : last] != ids[first : last - 1])
    inner = np.flatnonzero(changes) + first + 1
    return pairwise([first, *inner.tolist(), last])


def _leaf(
    texts: list[str], sizes: NDArray[np.int64], bounds: tuple[int, int], *, special: bool
) -> Leaf:
    first, last = bounds
    text = shown("".join(texts[first:last]))
    base = _units(text) - int(sizes[first:last].sum())
    if base:
        sizes[first + int(np.flatnonzero(sizes[first:last])[0])] += base
    return Leaf(text, special)


def _tallness(runs: Iterable[Run]) -> int:
    text = "".join(leaf.text for run in runs for leaf in run.leaves)
    return min((text.count("\n") + len(text) // LINE_CHARACTERS + 1).bit_length() - 1, 12)


def _odd_labels(sequence: TokenSequence) -> str:
    """Return the labels that are neither -100 nor the token itself, as ``token:label``."""
    if sequence.labels is None or sequence.trained is None:
        return ""
    odd = np.flatnonzero(sequence.trained & (sequence.labels != sequence.ids)).tolist()
    return " ".join(f"{index}:{int(sequence.labels[index])}" for index in odd)


def _unattended(sequence: TokenSequence) -> str:
    """Return the tokens that attention leaves out, as ``first-last``."""
    if sequence.attention is None:
        return ""
    hidden = np.asarray(sequence.attention == 0)
    edges = np.flatnonzero(np.diff(hidden.astype(np.int8), prepend=0, append=0))
    return " ".join(f"{a}-{b - 1}" for a, b in edges.reshape(-1, 2).tolist())


def _restarts(sequence: TokenSequence) -> str:
    """Return where stored positions do not simply go on counting, as ``token:position``."""
    positions = sequence.positions
    if positions is None or not len(positions):
        return ""
    starts = np.flatnonzero(np.diff(positions, prepend=positions[:1] - 1) != 1).tolist()
    places = sorted({0, *starts}) if starts or positions[0] else []
    return " ".join(f"{index}:{int(positions[index])}" for index in places)


def _numbers(values: NDArray[np.integer[Any]]) -> str:
    return " ".join(map(str, values.tolist()))


def _units(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
