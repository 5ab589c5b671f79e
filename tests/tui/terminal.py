"""The real app in a pseudo-terminal of its own, its screen as a person sees it."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import pexpect
import psutil
import pyte

from tests.processes import ARGV, environment
from tests.waiting import PATIENCE, until, until_gone

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

SIZE = (30, 120)
"""Lines and columns."""


class TerminalApp:
    """The app on a path; a context manager that ends it and all below it.

    A thread reads all that the app writes: nobody who stops reading may hold it up.
    """

    def __init__(self, path: Path, *, cwd: Path) -> None:
        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._child = pexpect.spawn(
            ARGV[0],
            [*ARGV[1:], str(path)],
            dimensions=SIZE,
            env=environment({"TERM": "xterm-256color"}),
            cwd=str(cwd),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        below = self.below()
        self._child.close(force=True)
        self._reader.join(PATIENCE)
        until_gone(*below)

    @property
    def screen(self) -> str:
        """What is on the screen."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def process(self) -> psutil.Process:
        """The app's process."""
        return psutil.Process(self._child.pid)

    def below(self) -> list[int]:
        """Return the processes that the app has started, and those below them."""
        with suppress(psutil.Error):
            return [process.pid for process in self.process.children(recursive=True)]
        return []

    def press(self, keys: str) -> None:
        """Type keys as a terminal sends them."""
        self._child.send(keys)

    def until_shown(self, text: str) -> None:
        """Wait until a text is on the screen."""
        try:
            until(lambda: text in self.screen, text)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen shows\n{self.screen}") from None

    def wait(self) -> int | None:
        """Wait for the app's end and return its exit status."""
        self._reader.join(PATIENCE)
        self._child.wait()
        return int(self._child.exitstatus) if self._child.exitstatus is not None else None

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while data := os.read(self._child.child_fd, 65_536):
                with self._lock:
                    self._stream.feed(data)
