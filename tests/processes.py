"""The real command as a child process: over pipes, or in a pseudo-terminal with its raw bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple, cast

import pexpect

from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT = PATIENCE
"""Seconds after which a child is ended."""

ARGV = (sys.executable, "-m", "inspect_tool")


class Shown(NamedTuple):
    """What a command wrote to its terminal, byte by byte, and its exit status."""

    raw: bytes
    status: int | None


def run(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command with pipes for stdout and stderr and nothing on stdin."""
    return subprocess.run(
        [*ARGV, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
        env=environment(env),
        cwd=cwd,
    )


def run_in_terminal(
    *arguments: object, size: tuple[int, int] = (24, 80), env: Mapping[str, str] | None = None
) -> Shown:
    """Run the command in a pseudo-terminal of ``size`` (rows, columns) until it ends."""
    child = pexpect.spawn(
        ARGV[0],
        [*ARGV[1:], *map(str, arguments)],
        env=environment({"TERM": "xterm-256color", **(env or {})}),
        dimensions=size,
        timeout=TIMEOUT,
        encoding=None,
    )
    try:
        raw = cast("bytes", child.read())
        child.wait()
    finally:
        child.close(force=True)
    return Shown(raw, child.exitstatus)


def environment(changes: Mapping[str, str] | None) -> dict[str, str]:
    """Return this process's environment without what would colour output, and with ``changes``."""
    ours = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS"}}
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    return {**ours, "PYTHONPATH": root, **(changes or {})}
