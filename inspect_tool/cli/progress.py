"""How far a long piece of work is, on stderr, for people alone: nothing where it is no terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from inspect_tool.cli.exits import say

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

EVERY_SECONDS = 0.2


def waiting(what: str) -> None:
    """Say to a person at a terminal what takes its time."""
    if sys.stderr.isatty():
        say(what)


class Progress:
    """One line that is drawn over itself, and gone once the work is done."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = False
        self._next = 0.0
        self._began: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()

    def update(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` are done."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        if now < self._next or not sys.stderr.isatty():
            return
        self._next = now + EVERY_SECONDS
        speed = done / max(now - self._began, 1e-3)
        left = f", {int((total - done) / speed)} s left" if now > self._began else ""
        sys.stderr.write(f"\r\x1b[K{self._what}: {done:,} of {total:,}{left}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
