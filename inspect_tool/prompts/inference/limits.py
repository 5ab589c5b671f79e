"""Limits for what people's templates and functions do in the worker: time, memory, output.

A template is a program. Jinja's sandbox keeps it from the machine, not from running for ever.
"""

from __future__ import annotations

import resource
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10.0
"""For one rendering."""
LAST_RESORT = 1.3
"""Times as long until the kernel ends the whole process."""
MEMORY = 2 << 30
"""Bytes that one rendering may take beyond what the process has."""
LONGEST = 50_000_000
"""Characters of one rendering."""


class LimitError(InspectError):
    """Something took too long or too much memory."""


class _TimeUpError(BaseException):
    """Not an Exception, so that no handler inside what is limited can hold it up."""


@contextmanager
def limited(what: str, *, seconds: float = SECONDS) -> Iterator[None]:
    """End what runs inside after ``seconds`` or when it takes too much memory.

    Raises LimitError that names ``what``. One call into C that never returns cannot be interrupted:
    the kernel then ends the process, by SIGPROF. Works in the main thread, where the worker runs
    its tasks; in another thread nothing is limited.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, _time_up)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_capped(hard), hard))
        signal.setitimer(signal.ITIMER_REAL, seconds)
        signal.setitimer(signal.ITIMER_PROF, seconds * LAST_RESORT)
        yield
    except _TimeUpError:
        raise LimitError(
            f"took longer than {seconds:g} s and was ended",
            place=what,
            fix="it may loop without end",
        ) from None
    except MemoryError:
        raise LimitError("took too much memory and was ended", place=what) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, before)


def _time_up(number: int, frame: object) -> None:
    raise _TimeUpError


def _capped(hard: int) -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:
        return hard
    wanted = pages * resource.getpagesize() + MEMORY
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
