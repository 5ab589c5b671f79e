"""A program in a pseudo-terminal: what it wrote, to the microsecond, and what a person then saw.

While a program runs its output is only noted, with the time of each piece, so that watching costs
it nothing; it is drawn on an emulated screen afterwards. The terminal says that it takes whole
frames (mode 2026), as kitty, WezTerm, Ghostty, iTerm2 and VS Code's do.
"""

from __future__ import annotations

import os
import re
import select
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pexpect
import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

SIZE = (120, 40)
"""Columns and lines."""
TAKES_FRAMES, ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
FRAME_END = b"\x1b[?2026l"
PATIENCE = 60.0
"""Seconds after which something that was waited for will not come any more."""
QUIET = 0.06
"""Seconds without output that end an answer: more than three frames."""

_UNKNOWN = re.compile(rb"\x1b\[[<>=?][0-9;]*u|\x1b\[\?2026\$p")
"""Sequences that pyte would print."""
_COLOURS = re.compile(rb"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read at once, and when: ``at`` is a time of ``time.perf_counter``."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a key: seconds to the end of its first frame and to that of its last."""

    first: float
    last: float
    frames: tuple[bytes, ...]


def plain(data: bytes) -> bytes:
    """Return output without its colours."""
    return _COLOURS.sub(b"", data)


def line_of(screen: pyte.Screen, y: int) -> str:
    """Return what a line reads, a character a cell; the second cell of a wide one is blank."""
    return "".join(screen.buffer[y][x].data or " " for x in range(screen.columns))


class Terminal:
    """Runs ``argv`` and owns its process group; leaving the context ends it.

    ``started`` is the time just before the process was made.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        size: tuple[int, int] = SIZE,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.size = size
        self.pieces: list[Piece] = []
        self._pressed = 0
        ours = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS", "LINES"}}
        self.started = time.perf_counter()
        self._child = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            dimensions=(size[1], size[0]),
            cwd=None if cwd is None else str(cwd),
            env={**ours, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self._child.isalive():
                os.killpg(self.pid, sign)
                self._drain()
        self._child.close(force=True)

    @property
    def pid(self) -> int:
        """Return the program's process id."""
        assert self._child.pid is not None
        return self._child.pid

    def press(self, key: bytes) -> float:
        """Write what a key sends; return when."""
        self._pressed, at = len(self.pieces), time.perf_counter()
        os.write(self._child.child_fd, key)
        return at

    def answer(self, key: bytes) -> Reply:
        """Press a key and wait until nothing more comes back; raises TimeoutError for silence."""
        at = self.press(key)
        if self._read(PATIENCE) is None:
            raise TimeoutError(f"no answer to {key!r}; the screen shows\n{self.text()}")
        self.settle()
        pieces = self.pieces[self._pressed :]
        data = b"".join(piece.data for piece in pieces)
        end, seen = data.find(FRAME_END) + len(FRAME_END), 0
        first = pieces[0].at
        for piece in pieces:
            first, seen = piece.at, seen + len(piece.data)
            if seen >= end:
                break
        return Reply(first - at, pieces[-1].at - at, tuple(data.split(FRAME_END)[:-1]))

    def wait_until(self, seen: Callable[[bytes], bool], what: str) -> float:
        """Read until what came since the last key satisfies ``seen``; return when it did.

        ``seen`` gets the text without its colours. Raises TimeoutError, which names ``what``.
        """
        data = b"".join(piece.data for piece in self.pieces[self._pressed :])
        deadline = time.perf_counter() + PATIENCE
        while time.perf_counter() < deadline:
            piece = self._read(1.0)
            if piece is not None:
                data += piece.data
                if seen(plain(data)):
                    return piece.at
        raise TimeoutError(f"still waiting for {what}; the screen shows\n{self.text()}")

    def settle(self, quiet: float = QUIET) -> None:
        """Read until nothing comes for ``quiet`` seconds."""
        while self._read(quiet) is not None:
            pass

    def screens(self) -> Iterator[tuple[float, pyte.Screen]]:
        """Yield the screen after each piece of output, with its time; one screen, drawn upon."""
        screen = pyte.Screen(*self.size)
        stream = pyte.ByteStream(screen)
        for piece in self.pieces:
            stream.feed(_UNKNOWN.sub(b"", piece.data))
            yield piece.at, screen

    def text(self) -> str:
        """Return what is on the screen."""
        lines: list[str] = []
        for _, screen in self.screens():
            lines = [line_of(screen, y).rstrip() for y in range(screen.lines)]
        return "\n".join(lines)

    def _read(self, timeout: float) -> Piece | None:
        ready, _, _ = select.select([self._child.child_fd], [], [], timeout)
        if not ready:
            return None
        try:
            data = os.read(self._child.child_fd, 1 << 16)
        except OSError:
            data = b""
        if not data:
            raise EOFError("the program ended")
        piece = Piece(time.perf_counter(), data)
        self.pieces.append(piece)
        if TAKES_FRAMES in data:
            os.write(self._child.child_fd, ANSWER)
        return piece

    def _drain(self) -> None:
        """Read what a program writes while it ends, so that it is not kept from ending."""
        deadline = time.perf_counter() + 5
        while self._child.isalive() and time.perf_counter() < deadline:
            try:
                self._read(0.05)
            except EOFError:
                break
