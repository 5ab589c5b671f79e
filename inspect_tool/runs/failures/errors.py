"""The errors in a log: each traceback's exception, message and frames, in chains as they arose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tool.runs.failures.failure import Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

TRACEBACK = "Traceback (most recent call last):"
"""How a traceback starts; a progress bar may stand before it on the same line."""
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?')
_ERROR = re.compile(r"(?P<kind>(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:: ?(?P<message>.*))?$")
_BARE = re.compile(r"(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt|Exit|Refused)\b(?:: .*)?$")
_PREFIX = re.compile(r"^(?:\[?rank\d+\]?:\s?|\d+: )")
"""What launchers of many processes put before each line."""
_RECORD = re.compile(
    r"^\[?\d{4}-\d\d-\d\d[ T]|^(?:INFO|WARNING|ERROR|DEBUG)[: ]|^\s*\d+%\||"
    r"^/.*:\d+: \w*Warning|^warnings\.warn\(|^Exception ignored in"
)
"""What stands after an exception's message and is no part of it."""
_REMOTE_END = '"""'
"""What closes the traceback of another process, as multiprocess quotes it."""
_IGNORED = "Exception ignored in"
_LIBRARY = re.compile(r"(?:site|dist)-packages[/\\]|[/\\]lib[/\\]python3\.\d+[/\\]|^<frozen ")
MAX_MESSAGE_LINES = 60
MAX_MESSAGE = 8000
"""How far an exception's message is followed, in lines and in characters."""


@dataclass(frozen=True, slots=True)
class LoggedError:
    """One exception of a log. ``at`` is the index of its line, ``first`` that of its traceback.

    ``message`` may have several lines. ``frames`` come innermost first.
    """

    kind: str
    message: str
    at: int
    first: int
    last: int
    frames: tuple[Frame, ...] = ()

    @property
    def text(self) -> str:
        """``kind: message``, as Python prints it."""
        return f"{self.kind}: {self.message}" if self.message else self.kind


def last_errors(lines: Sequence[str]) -> tuple[LoggedError, ...]:
    """Return the last chain of exceptions in a log, the one that ended it first; () if none.

    An exception without a traceback (logged by its line alone) counts when there is no other.
    """
    plain = [_PREFIX.sub("", line) for line in lines]
    chains: list[list[LoggedError]] = []
    index = 0
    chained = False
    while index < len(plain):
        line = plain[index].strip()
        if line.endswith(TRACEBACK):
            error = _read(plain, index)
            ignored = index > 0 and plain[index - 1].strip().startswith(_IGNORED)
            if error is not None and ignored:
                index = error.last
            elif error is not None:
                if chained and chains:
                    chains[-1].append(error)
                else:
                    chains.append([error])
                index = error.last
            chained = False
        elif line in _CHAINED:
            chained = True
        index += 1
    if chains:
        return tuple(reversed(chains[-1]))
    bare = [i for i, line in enumerate(plain) if _BARE.match(line.strip())]
    error = _named(plain, bare[-1], bare[-1], ()) if bare else None
    return (error,) if error else ()


def _read(lines: Sequence[str], first: int) -> LoggedError | None:
    """Read the traceback that starts at ``first``; None where it is cut off."""
    indent = lines[first][: lines[first].find(TRACEBACK)]
    indent = indent if not indent.strip() else ""
    frames: list[Frame] = []
    for at in range(first + 1, len(lines)):
        line = lines[at].removeprefix(indent)
        if found := _FRAME.match(line):
            frames.append(_frame(found))
        elif line.strip() and not line[0].isspace():
            return _named(lines, at, first, tuple(reversed(frames)))
    return None


def _named(
    lines: Sequence[str], at: int, first: int, frames: tuple[Frame, ...]
) -> LoggedError | None:
    found = _ERROR.match(lines[at].strip())
    if found is None:
        return None
    message = [found["message"] or ""]
    last = at
    for index in range(at + 1, min(len(lines), at + MAX_MESSAGE_LINES)):
        line = lines[index].strip()
        ends = line in _CHAINED or line == _REMOTE_END
        if ends or line.endswith(TRACEBACK) or _RECORD.match(line):
            break
        if line:
            message.append(line)
            last = index
    text = "\n".join(message).strip()[:MAX_MESSAGE]
    return LoggedError(found["kind"], text, at, first, last, frames)


def _frame(found: re.Match[str]) -> Frame:
    file = found["file"]
    library = _LIBRARY.search(file) is not None
    return Frame(file, int(found["line"]), found["function"] or "<module>", library)
