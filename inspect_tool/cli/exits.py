"""How every command ends: one clear line on stderr, a documented status, never a traceback."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from inspect_tool.errors import ExitCode, InspectError

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = "inspect-tool"

INTERRUPTED = 130
"""Status after Ctrl-C, as shells give it to a process that SIGINT ended."""


def guarded(command: Callable[[], int]) -> int:
    """Run ``command`` and turn what a person can cause into a line and a status."""
    _open_missing_streams()
    try:
        status = command()
        sys.stdout.flush()
    except InspectError as error:
        _flush_stdout()
        say(str(_with_way_out(error)))
        return int(error.exit_code)
    except KeyboardInterrupt:
        _drop_stdout()
        return INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return int(ExitCode.OK)
    except OSError as error:
        _drop_stdout()
        say(f"{error.filename or 'output'}: {error.strerror or error}")
        return int(ExitCode.USAGE)
    return int(status)


def _with_way_out(error: InspectError) -> InspectError:
    """Add what to write instead where axolotl refused an old config; nothing else is loaded."""
    if "inspect_tool.axolotl_tasks" not in sys.modules:
        return error
    from inspect_tool.runs.outdated import with_way_out

    return with_way_out(error)


def say(message: str) -> None:
    """Print one line on stderr; names and values in it may be anyone's, so none is obeyed."""
    from inspect_tool.samples.glyphs import safe

    line = safe(message, newline=" ", tab=" ")
    encoding = sys.stderr.encoding or "ascii"
    encoded = f"{PROGRAM}: {line}".encode(encoding, "backslashreplace")
    print(encoded.decode(encoding), file=sys.stderr, flush=True)


def _open_missing_streams() -> None:
    """Give a process that was started without stdout or stderr (``>&-``) somewhere to write."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def _flush_stdout() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _drop_stdout()


def _drop_stdout() -> None:
    """Let nobody's pipe matter any more, also not to the interpreter's own last flush."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
