"""Garbage is collected while nobody waits for a frame.

Python collects in the middle of whatever allocates, and a full collection takes longer than a
frame. What the app throws away is freed at once, but for reference cycles; those can wait.
"""

from __future__ import annotations

import gc
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS: Final = 0.5
"""How long nothing was pressed before it is time to collect."""
WORTHWHILE: Final = 20_000
"""New objects for which it is worth it."""
TOO_MUCH: Final = 2_000_000
"""New objects that are not left lying, whatever is being pressed."""


class Collector:
    """Collects when asked to, if there was no input for a while and there is something to gain.

    In place of Python's own collector, once that is switched off.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._pressed = clock()

    def note_input(self) -> None:
        """Note that somebody waits for an answer now."""
        self._pressed = self._clock()

    def collect(self) -> bool:
        """Collect if it is time to; tell whether that was done."""
        objects, _, _ = gc.get_count()
        quiet = self._clock() - self._pressed >= QUIET_SECONDS
        due = objects >= TOO_MUCH or (quiet and objects >= WORTHWHILE)
        if due:
            gc.collect()
        return due
