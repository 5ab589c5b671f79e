"""Reads on from many places at once, token by token, until the text so far decides something.

Markers written as ordinary text are cut into pieces that depend on what stands around them, so
they cannot be found as ids. Every (text so far, next token) is decided once and remembered.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from inspect_tool.samples.vocabulary import Vocabulary

    Integers = NDArray[np.integer[Any]]
    Places = NDArray[np.int64]

NOTHING: Final = -1
"""The verdict of a place whose text can no longer become what is looked for."""

GOING: Final = -2
"""The verdict of a text that is not decided yet."""


class Follower:
    """``decide`` takes a text so far and gives its verdict: a number from 0 on, or one of above.

    Threads may share one.
    """

    def __init__(self, vocabulary: Vocabulary, decide: Callable[[str], int]) -> None:
        self._vocabulary = vocabulary
        self._decide = decide
        self._numbers: dict[str | int, int] = {}
        self._texts: list[str] = []
        self._verdicts: list[int] = []
        self._steps: dict[int, int] = {}
        self._lock = Lock()

    @property
    def texts(self) -> list[str]:
        """Return the texts so far, by the numbers of their states."""
        return list(self._texts)

    def state(self, text: str) -> int:
        """Return the number of a text so far; texts that are decided alike share one."""
        verdict = self._decide(text)
        key = text if verdict == GOING else verdict
        with self._lock:
            number = self._numbers.setdefault(key, len(self._texts))
            if number == len(self._texts):
                self._texts.append(text)
                self._verdicts.append(verdict)
            return number

    def follow(
        self, ids: Integers, places: Places, limits: Places, states: Places
    ) -> tuple[Places, Places]:
        """Read on from ``places`` int64[p], up to ``limits`` int64[p], each in its state.

        Returns the verdicts int64[p] and the places after the last token read int64[p].
        """
        verdicts = np.full(len(places), NOTHING, dtype=np.int64)
        ends = places.copy()
        open_ones = np.arange(len(places))
        states = states.copy()
        while len(open_ones):
            open_ones = open_ones[ends[open_ones] < limits[open_ones]]
            if not len(open_ones):
                break
            states[open_ones] = self._advance(states[open_ones], ids[ends[open_ones]])
            ends[open_ones] += 1
            found = np.array(self._verdicts)[states[open_ones]]
            settled = found != GOING
            verdicts[open_ones[settled]] = found[settled]
            open_ones = open_ones[~settled]
        return verdicts, ends

    def _advance(self, states: Places, tokens: Integers) -> Places:
        size = len(self._vocabulary) + 1
        tokens = np.where(self._vocabulary.known(tokens), tokens, size - 1)
        steps, inverse = np.unique(states * size + tokens, return_inverse=True)
        reached = [self._step(step, size) for step in steps.tolist()]
        return np.array(reached, dtype=np.int64)[inverse]

    def _step(self, step: int, size: int) -> int:
        reached = self._steps.get(step)
        if reached is None:
            state, token_id = divmod(step, size)
            text = self._vocabulary.bytes_of(token_id).decode("utf-8", "replace")
            reached = self._steps[step] = self.state(self._texts[state] + text)
        return reached
