"""Tasks for the axolotl worker's tests: a task is a function that a spawned child can import."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

from inspect_tool.errors import InspectError


def add(left: int, right: int) -> int:
    """Return a sum."""
    return left + right


def process_id() -> int:
    """Return the process id of the worker."""
    return os.getpid()


def variable(name: str) -> str | None:
    """Return a variable of the worker's environment."""
    return os.environ.get(name)


def refuse() -> None:
    """Raise an error as a task of ours does."""
    raise InspectError("seven is not a model", place="config.yml:3", fix="name a model")


def stumble() -> None:
    """Raise an error as axolotl does."""
    raise ValueError("`type: sharegpt` is deprecated")


def import_absent_axolotl() -> None:
    """Import axolotl where it is not installed."""
    sys.modules["axolotl"] = None  # type: ignore[assignment]
    try:
        import axolotl  # noqa: F401  # type: ignore[import-untyped,unused-ignore]
    finally:
        del sys.modules["axolotl"]


def die(number: int) -> None:
    """Send a signal to the worker."""
    os.kill(os.getpid(), number)


def leave(status: int) -> None:
    """End the worker's process as native code does."""
    os._exit(status)


def chatter() -> None:
    """Write to stdout and stderr in every way there is."""
    print("from print")
    print("to stderr", file=sys.stderr)
    os.write(1, b"from the descriptor\n")
    ctypes.CDLL(None).puts(b"from C")
    ctypes.CDLL(None).fflush(None)


def read_input() -> str:
    """Return all of stdin."""
    return sys.stdin.read()


def hang(started: Path) -> None:
    """Say in a file that the task runs, and never return."""
    started.write_text(f"{os.getpid()}\n")
    threading.Event().wait()


def start_sleeper(file: Path) -> None:
    """Start a child that never ends, and write its id into a file."""
    sleeper = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    file.write_text(f"{sleeper.pid}\n")


def process_state() -> tuple[str, dict[str, str], list[str]]:
    """Return the current directory, the environment and the import path."""
    return str(Path.cwd()), dict(os.environ), list(sys.path)
