"""The one base error and the exit codes: what a person caused is said in one clear line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of every command; an API for scripts and CI."""

    OK = 0
    FINDINGS = 1
    """The command did its work and found problems or differences."""
    USAGE = 2
    """Usage or bad input; one line on stderr says what and what to do."""
    FAILED = 3
    """The run or the axolotl worker failed."""


class InspectError(Exception):
    """An error that a person can cause and can mend.

    ``message`` says what is wrong, ``place`` where (a file, ``file:line``, a key or a row),
    ``fix`` what to do about it. ``str()`` joins them into one line.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, place: object = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = None if place is None else str(place)
        self.fix = fix

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{where}{self.message}{fix}"

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, so that the axolotl worker can raise it across processes."""
        return (_rebuild, (type(self), self.message, self.place, self.fix))


class RunFailedError(InspectError):
    """A child process or the axolotl worker failed; the input may be fine."""

    exit_code = ExitCode.FAILED


def _rebuild(
    kind: type[InspectError], message: str, place: str | None, fix: str | None
) -> InspectError:
    return kind(message, place=place, fix=fix)
