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
from inspect_tool.samples.sample import MARKED_LABELS

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
    """Text that one element holds.

    ``special``: one special token, or several of the same one in a row. ``blank``: line breaks at
    a trained run's edge, which nobody would see to be trained without a mark. ``label`` is the
    label of a trained token whose label is another id, or a class.
    """

    text: Shown
    special: bool = False
    blank: bool = False
    label: int | None = None


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
    drawing = _Drawing(sequence, vocabulary)
    chunks = []
    for bounds in _chunks(drawing.breaks):
        runs = tuple(drawing.runs(bounds))
        chunks.append(Chunk(runs, _tallness(runs)))
    return TokensView(
        chunks=tuple(chunks),
        ids=_numbers(sequence.ids),
        sizes=_numbers(drawing.sizes),
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


class _Drawing:
    """The tokens of one sequence on their way to runs and leaves.

    ``sizes`` int64[n] are the UTF-16 units that each token shows, ``breaks`` bool[n] whether it
    ends a line, ``blank`` bool[n] whether it is white space with a line break in it.
    """

    def __init__(self, sequence: TokenSequence, vocabulary: Vocabulary | None) -> None:
        self._sequence = sequence
        self._texts = texts = _texts(sequence, vocabulary)
        count = len(sequence)
        self._special = (
            np.zeros(count, dtype=np.bool_)
            if vocabulary is None
            else vocabulary.specials(sequence.ids)
        )
        size_of = {text: _units(shown(f"x{text}")) - 1 for text in set(texts)}
        blank_of = {text: "\n" in text and not text.strip() for text in size_of}
        self.sizes = np.fromiter((size_of[text] for text in texts), np.int64, count)
        self.breaks = np.fromiter((text[-1:] == "\n" for text in texts), np.bool_, count)
        self._blank = np.fromiter((blank_of[text] for text in texts), np.bool_, count)
        odd = sequence.odd_labels
        self._odd = np.zeros(count, dtype=np.bool_)
        if len(odd) <= MARKED_LABELS:
            self._odd[odd] = True

    def runs(self, bounds: tuple[int, int]) -> Iterator[Run]:
        """Yield the runs of the tokens within ``bounds``, half-open."""
        start, stop = bounds
        sequence = self._sequence
        edges = sequence.span_starts[np.searchsorted(sequence.span_starts, start, side="right") :]
        inner = edges[: np.searchsorted(edges, stop)].tolist()
        for first, last in pairwise([start, *inner, stop]):
            trained = None if sequence.trained is None else bool(sequence.trained[first])
            leaves = tuple(self._leaves(first, last, trained=trained))
            yield Run(first, trained, first > start or self._begins(first), leaves)

    def _begins(self, index: int) -> bool:
        """Tell whether the span of a chunk's first token begins there."""
        starts = self._sequence.span_starts
        return bool(starts[np.searchsorted(starts, index, side="right") - 1] == index)

    def _leaves(self, first: int, last: int, *, trained: bool | None) -> Iterator[Leaf]:
        """Yield leaves: ordinary tokens, one special token repeated, a blank edge, an odd label."""
        ids, special = self._sequence.ids[first:last], self._special[first:last]
        odd, labels = self._odd[first:last], self._sequence.labels
        edge = self._edges(first, last) if trained else np.zeros(last - first, dtype=np.bool_)
        changes = (special[1:] != special[:-1]) | (edge[1:] != edge[:-1])
        changes |= special[1:] & (ids[1:] != ids[:-1])
        changes |= odd[1:] | odd[:-1]
        inner = (np.flatnonzero(changes) + 1).tolist()
        for start, stop in pairwise([0, *inner, last - first]):
            text = self._text(first + start, first + stop)
            label = int(labels[first + start]) if labels is not None and odd[start] else None
            yield Leaf(text, bool(special[start]), bool(edge[start]), label)

    def _edges(self, first: int, last: int) -> NDArray[np.bool_]:
        """Return which tokens are blank and have only blank ones before or after them."""
        blank = self._blank[first:last]
        if not (blank[0] or blank[-1]):
            return np.zeros(last - first, dtype=np.bool_)
        both = np.logical_and.accumulate(blank) | np.logical_and.accumulate(blank[::-1])[::-1]
        return np.asarray(both)

    def _text(self, first: int, last: int) -> Shown:
        """Return what a leaf shows, and make room where its first character needs a base."""
        text = shown("".join(self._texts[first:last]))
        base = _units(text) - int(self.sizes[first:last].sum())
        if base:
            self.sizes[first + int(np.flatnonzero(self.sizes[first:last])[0])] += base
        return text


def _texts(sequence: TokenSequence, vocabulary: Vocabulary | None) -> list[str]:
    ids = sequence.ids
    if vocabulary is None:
        return [f"{token_id} " for token_id in ids.tolist()]
    texts = vocabulary.texts(ids)
    for index in np.flatnonzero(~vocabulary.known(ids)).tolist():
        texts[index] = unknown_id(int(ids[index]))
    return texts


def _chunks(breaks: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield half-open ranges of tokens that begin and end at line breaks."""
    ends = np.flatnonzero(breaks) + 1
    start = 0
    while start < len(breaks):
        place = np.searchsorted(ends, start + CHUNK_TOKENS)
        stop = int(ends[place]) if place < len(ends) else len(breaks)
        yield start, stop
        start = stop


def _tallness(runs: Iterable[Run]) -> int:
    text = "".join(leaf.text for run in runs for leaf in run.leaves)
    return min((text.count("\n") + len(text) // LINE_CHARACTERS + 1).bit_length() - 1, 12)


def _odd_labels(sequence: TokenSequence) -> str:
    """Return the labels that are neither -100 nor the token itself, as ``token:label``."""
    labels = sequence.labels
    if labels is None:
        return ""
    return " ".join(f"{index}:{int(labels[index])}" for index in sequence.odd_labels.tolist())


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
