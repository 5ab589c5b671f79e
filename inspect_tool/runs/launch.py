"""Launching is a value, and every child has an owner.

A ``Launch`` is what would be run, to show, to write into launch.json and to run. A ``Process`` is
it running, behind a small guard process that ends everything below it when asked to, when the
child ends, and when the owner ends in whatever way.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspect_tool.errors import RunFailedError
from inspect_tool.runs import guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

INTERRUPT_SECONDS = 5.0
TERMINATE_SECONDS = 5.0
"""How long a child may take over SIGINT, then over SIGTERM, before the next signal."""

_GUARD_SECONDS = 30.0
"""How much longer than that a guard may take, on a busy machine, before it is killed itself."""

MAX_LINE = 65_536
"""Longer lines arrive in pieces."""


@dataclass(frozen=True)
class Launch:
    """What to run: ``argv``, the folder, and the environment variables that are set for it.

    A variable with the value None is removed. The rest of the environment is the owner's.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str | None] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the whole environment that the child gets."""
        merged = {**os.environ, **self.env}
        return {key: value for key, value in merged.items() if value is not None}

    def command(self) -> str:
        """Return a line for a shell that runs the same."""
        removed = [f"-u {shlex.quote(key)}" for key, value in self.env.items() if value is None]
        values = [
            f"{key}={shlex.quote(value)}" for key, value in self.env.items() if value is not None
        ]
        prefix = ["env", *removed, *values] if removed else values
        return f"cd {shlex.quote(str(self.cwd))} && {' '.join([*prefix, shlex.join(self.argv)])}"


class Process:
    """A running ``Launch``; owns everything that it starts. A context manager.

    stdout and stderr come merged, line by line. Nothing of it survives ``end`` or the block, the
    owner's death included; not even what left the child's process group, on Linux.
    """

    def __init__(
        self,
        launch: Launch,
        *,
        interrupt_seconds: float = INTERRUPT_SECONDS,
        terminate_seconds: float = TERMINATE_SECONDS,
    ) -> None:
        self.launch = launch
        self._patience = interrupt_seconds + terminate_seconds
        self._ending = threading.Lock()
        control, self._control = os.pipe()
        argv = guard.argv(
            launch.argv, control=control, patience=(interrupt_seconds, terminate_seconds)
        )
        try:
            self._guard = subprocess.Popen(
                argv,
                cwd=launch.cwd,
                env=launch.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(control,),
                start_new_session=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                bufsize=1,
            )
        except OSError as error:
            os.close(self._control)
            raise RunFailedError(
                f"cannot be started ({error.strerror})", place=error.filename or launch.argv[0]
            ) from None
        finally:
            os.close(control)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The process group: the guard's id, under which the child runs."""
        return self._guard.pid

    @property
    def returncode(self) -> int | None:
        """The child's exit status, negative for a signal; None while it runs."""
        return self._guard.poll()

    def lines(self) -> Iterator[str]:
        """Yield the output line by line, without line ends, until the child has ended.

        A carriage return ends a line too, as progress bars use it.
        """
        assert self._guard.stdout is not None
        with suppress(ValueError):
            while line := self._guard.stdout.readline(MAX_LINE):
                yield line.rstrip("\n")

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the child's end and return its exit status; raises TimeoutError."""
        try:
            return self._guard.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.launch.argv[0]} runs longer than {timeout:g} s") from None

    def interrupt(self) -> None:
        """Send SIGINT to the child's group and leave the rest to the child, as Ctrl-C does."""
        with suppress(OSError):
            os.write(self._control, guard.INTERRUPT)

    def end(self) -> None:
        """End the child and all below it: SIGINT, SIGTERM, SIGKILL, each after its patience.

        May be called again, and from another thread.
        """
        with self._ending:
            if self._control >= 0:
                os.close(self._control)
                self._control = -1
        try:
            self._guard.wait(self._patience + _GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._guard.pid, signal.SIGKILL)
            self._guard.wait()
        if self._guard.stdout is not None:
            self._guard.stdout.close()


def python(*arguments: str) -> tuple[str, ...]:
    """Return the argv of a Python child with the interpreter that runs this tool."""
    return (sys.executable, *arguments)
