"""A text to find in token ids: where it may start in a token, and which tokens may carry it on.

The state between two tokens is how many bytes of the needle are matched so far. It only grows, so
all places are followed together, state by state.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.samples.vocabulary import Vocabulary

Places = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""First token of each match and the number of tokens it touches, both int64[m]."""

_COMPLETE = -1


@dataclass(frozen=True, eq=False)
class Pattern:
    """The bytes of one needle, prepared for one vocabulary."""

    needle: bytes
    tokens: list[bytes]
    """The bytes of every id of the vocabulary, folded when case is ignored."""
    inside: NDArray[np.bool_]
    """Which ids hold the whole needle, bool[V]."""
    starts: dict[int, NDArray[np.bool_]]
    """For each number of bytes, which ids end with that much of the needle's start, bool[V]."""
    _by_bytes: dict[bytes, list[int]] = field(repr=False)
    _sorted: list[bytes] = field(repr=False)
    _steps: dict[int, Places] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, vocabulary: Vocabulary, text: str, *, ignore_case: bool = False) -> Pattern:
        """Prepare ``text``; case is folded by whole tokens, ASCII alone inside split characters."""
        needle = text.encode("utf-8", "surrogatepass")
        tokens = [vocabulary.bytes_of(index) for index in range(len(vocabulary))]
        if ignore_case:
            needle, tokens = _fold(needle), [_fold(token) for token in tokens]
        size = len(tokens)
        starts: dict[int, NDArray[np.bool_]] = defaultdict(lambda: np.zeros(size, dtype=np.bool_))
        for index, token in enumerate(tokens):
            for matched in range(1, min(len(token) + 1, len(needle))):
                if token.endswith(needle[:matched]):
                    starts[matched][index] = True
        by_bytes: dict[bytes, list[int]] = defaultdict(list)
        for index, token in enumerate(tokens):
            if token:
                by_bytes[token].append(index)
        inside = np.array([needle in token for token in tokens], dtype=np.bool_)
        return cls(needle, tokens, inside, dict(starts), dict(by_bytes), sorted(by_bytes))

    def places(self, ids: NDArray[np.integer[Any]]) -> Places:
        """Return where the needle is in ``ids`` int[n]; one entry per first token, the shortest."""
        candidates = self._candidates(ids)
        tokens = ids[candidates]
        whole = candidates[self.inside[tokens]]
        firsts, lengths = [whole], [np.ones_like(whole)]
        states: dict[int, list[Places]] = defaultdict(list)
        for matched, flags in self.starts.items():
            begun = candidates[flags[tokens]]
            states[matched].append((begun, begun + 1))
        for matched in range(1, len(self.needle)):
            if matched not in states:
                continue
            begun, nexts = _joined(states.pop(matched))
            begun, nexts = begun[nexts < len(ids)], nexts[nexts < len(ids)]
            for reached, (first, place) in self._advance(matched, ids, begun, nexts).items():
                if reached == _COMPLETE:
                    firsts.append(first)
                    lengths.append(place - first)
                else:
                    states[reached].append((first, place))
        return _shortest(np.concatenate(firsts), np.concatenate(lengths))

    def _candidates(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        flags = np.append(np.logical_or.reduce([self.inside, *self.starts.values()]), False)
        places = np.flatnonzero(flags.take(ids, mode="clip"))
        return places[ids[places] >= 0]

    def _advance(
        self,
        matched: int,
        ids: NDArray[np.integer[Any]],
        begun: NDArray[np.int64],
        nexts: NDArray[np.int64],
    ) -> dict[int, Places]:
        """Read one more token at each of ``nexts``; group what survives by the bytes reached."""
        able, reached = self._step(matched)
        if not len(able) or not len(nexts):
            return {}
        tokens = ids[nexts]
        slots = np.minimum(np.searchsorted(able, tokens), len(able) - 1)
        alive = able[slots] == tokens
        begun, nexts, states = begun[alive], nexts[alive] + 1, reached[slots[alive]]
        return {
            state: (begun[states == state], nexts[states == state])
            for state in np.unique(states).tolist()
        }

    def _step(self, matched: int) -> Places:
        """Return the ids that carry on after ``matched`` bytes, sorted, and the bytes reached."""
        if matched not in self._steps:
            rest = self.needle[matched:]
            steps = {
                index: matched + size
                for size in range(1, len(rest))
                for index in self._by_bytes.get(rest[:size], ())
            }
            slot = bisect_left(self._sorted, rest)
            while slot < len(self._sorted) and self._sorted[slot].startswith(rest):
                steps.update(dict.fromkeys(self._by_bytes[self._sorted[slot]], _COMPLETE))
                slot += 1
            ordered = sorted(steps)
            self._steps[matched] = (
                np.array(ordered, dtype=np.int64),
                np.array([steps[index] for index in ordered], dtype=np.int64),
            )
        return self._steps[matched]


def _fold(data: bytes) -> bytes:
    try:
        return data.decode("utf-8").casefold().encode("utf-8")
    except UnicodeDecodeError:
        return data.lower()


def _joined(parts: list[Places]) -> Places:
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _shortest(firsts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Places:
    order = np.lexsort((lengths, firsts))
    firsts, lengths = firsts[order], lengths[order]
    new = np.ones(len(firsts), dtype=np.bool_)
    new[1:] = firsts[1:] != firsts[:-1]
    return firsts[new], lengths[new]
