"""Waiting for a condition in another process, with words for what did not happen."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 300.0
"""Seconds until any wait of these tests fails; only ever reached when something hangs."""


def until(condition: Callable[[], object], what: str, *, patience: float = PATIENCE) -> None:
    """Return once ``condition`` holds; fail with ``what`` when it never does."""
    pause, deadline = threading.Event(), time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain: {what}"
        pause.wait(0.02)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not collected does not."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def until_gone(*pids: int) -> None:
    """Return once none of these processes runs."""
    until(lambda: not any(map(alive, pids)), f"the end of processes {pids}")


def number_in(file: Path) -> int:
    """Wait for a file with a number that a child writes, and return it."""
    until(lambda: file.is_file() and file.read_text().endswith("\n"), f"a number in {file}")
    return int(file.read_text())
