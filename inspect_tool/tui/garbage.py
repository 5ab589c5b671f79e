"""Garbage is collected, and freed memory given back, while nobody waits for a frame.

Python collects in the middle of whatever allocates, and a full collection takes longer than a
frame. What the app throws away is freed at once, but for reference cycles; those can wait. The C
library keeps what was freed, for every thread apart: a long sample drawn by one thread after
another would be held several times over.
"""

from __future__ import annotations

import ctypes
import gc
import os
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS: Final = 0.5
"""How long nothing was pressed before it is time to collect."""


@dataclass(frozen=True, slots=True)
class Amount:
    """New objects that may be garbage, and bytes by which the process grew."""

    objects: int
    size: int

    def reaches(self, other: Amount) -> bool:
        """Tell whether this is as much as ``other`` in either respect."""
        return self.objects >= other.objects or self.size >= other.size


WORTHWHILE: Final = Amount(20_000, 16 << 20)
"""For which it is worth it."""
TOO_MUCH: Final = Amount(2_000_000, 256 << 20)
"""What is not left lying, whatever is being pressed."""


class Collector:
    """Collects when asked to, if there was no input for a while and there is something to gain.

    In place of Python's own collector, once that is switched off.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._pressed = clock()
        self._held = private_bytes()

    def note_input(self) -> None:
        """Note that somebody waits for an answer now."""
        self._pressed = self._clock()

    def collect(self) -> bool:
        """Collect if it is time to; tell whether that was done."""
        now = private_bytes()
        self._held = min(self._held, now)
        new = Amount(gc.get_count()[0], now - self._held)
        quiet = self._clock() - self._pressed >= QUIET_SECONDS
        due = new.reaches(TOO_MUCH) or (quiet and new.reaches(WORTHWHILE))
        if due:
            gc.collect()
            give_back()
            self._held = private_bytes()
        return due


def private_bytes() -> int:
    """Return the resident memory that is not shared with files; 0 where nothing tells."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
            _, resident, shared, *_ = map(int, statm.read().split())
    except (OSError, ValueError):
        return 0
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Have the C library return freed memory to the system, where it knows how to."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
