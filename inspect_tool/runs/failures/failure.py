"""A failure, explained; shared by the command line, the app and the run folder's status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from inspect_tool.errors import RunFailedError

UNKNOWN = "F-UNKNOWN"
"""The code of a failure that no rule here knows; its evidence and frames still hold."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback; ``library`` when the file is an installed package's or Python's."""

    file: str
    line: int
    function: str
    library: bool

    @property
    def link(self) -> str:
        """``file:line``, as terminals and editors open it."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed. Every text is safe to print; only ``traceback`` has line ends.

    ``evidence`` is what the log says, on its line ``log_line`` (1-based). ``keys`` are the YAML
    keys to look at, the one that the config has first, and ``place`` is its ``file:line``.
    ``frames`` come innermost first, those of the error itself.
    """

    code: str
    cause: str
    fix: str
    evidence: str = ""
    log_line: int | None = None
    keys: tuple[str, ...] = ()
    place: str | None = None
    frames: tuple[Frame, ...] = ()
    traceback: str = field(default="", repr=False)

    @property
    def key(self) -> str | None:
        """The YAML key to look at first."""
        return self.keys[0] if self.keys else None

    @property
    def known(self) -> bool:
        """Whether a rule names the cause; else ``cause`` only repeats the error."""
        return self.code != UNKNOWN

    @property
    def frame(self) -> Frame | None:
        """The frame to open: the innermost one outside libraries, else the innermost one."""
        own = (frame for frame in self.frames if not frame.library)
        return next(own, self.frames[0] if self.frames else None)

    def to_json(self) -> dict[str, Any]:
        """Return the machine-readable form."""
        return {
            "code": self.code,
            "cause": self.cause,
            "fix": self.fix,
            "evidence": self.evidence,
            "log_line": self.log_line,
            "key": self.key,
            "keys": list(self.keys),
            "place": self.place,
            "frames": [
                {"file": f.file, "line": f.line, "function": f.function, "library": f.library}
                for f in self.frames
            ],
            "traceback": self.traceback,
        }


class FailedRunError(RunFailedError):
    """A run failed; ``failure`` says why, as far as that is known."""

    failure: Failure | None = None

    @classmethod
    def of(cls, failure: Failure, *, log: object, what: str = "") -> FailedRunError:
        """Return the error of ``failure``, its place the line of the log that shows it."""
        place = f"{log}:{failure.log_line}" if failure.log_line else log
        error = cls(f"{what}{failure.cause}", place=place, fix=failure.fix)
        error.failure = failure
        return error
