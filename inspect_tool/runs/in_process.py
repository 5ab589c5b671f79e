"""A debug run in this very process: what an editor starts under its own debugger.

The same plan, folder, log and status as ``debug_run``, but no second process: every client stops
in it without following children. Once prepared, the process becomes the plan's ``Launch``.
"""

from __future__ import annotations

import atexit
import os
import runpy
import subprocess
import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError, RunFailedError
from inspect_tool.runs.debug_run import end, judge, refuse, write_inputs
from inspect_tool.runs.journal import LOG, State, make_folder, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.runs.launch import Launch

_LOG_SECONDS = 5.0
"""How long output may still come when the run has ended; a process that it left may hold it."""


class InProcessRun:
    """A plan, prepared to be carried out here; raises InspectError where it cannot start.

    The status names this process, so that it stays true when the process is killed.
    """

    def __init__(self, plan: DebugPlan) -> None:
        if plan.options.debugger:
            raise ValueError("the debugger of a run in this process is whoever started it")
        refuse(plan)
        self.plan = plan
        self.journal = make_folder(plan.folder)
        try:
            write_inputs(plan, self.journal)
            self._log = _Log(plan.folder / LOG, head=f"{plan.launch.command()}\n\n")
        except BaseException as error:
            end(self.journal, State.FAILED, str(error))
            raise

    def carry_out(self, on_failure: Callable[[RunFailedError], None]) -> None:
        """Become the run. Raises what ends it: an exception of axolotl's passes uncaught.

        So a debugger sees it where it was raised, and ``on_failure`` is told why once the process
        ends. Raises RunFailedError for a run that ended without an exception and still failed.
        """
        self.journal.say(State.RUNNING)
        atexit.register(self._finish, os.getpid(), on_failure)
        try:
            with nullcontext() if self.plan.values.get("dataset_num_proc") else _alone():
                become(self.plan.launch)
        except SystemExit as ended:
            self._judge(_status(ended))
            raise
        except KeyboardInterrupt:
            self._log.close()
            end(self.journal, State.INTERRUPTED, "interrupted")
            raise
        self._judge(0)

    def _judge(self, status: int) -> None:
        self._log.close()
        judge(self.plan, self.journal, status)

    def _finish(self, owner: int, on_failure: Callable[[RunFailedError], None]) -> None:
        """Write how the run ended after an exception that nobody caught."""
        if os.getpid() == owner and not self.journal.status.state.over:
            try:
                self._judge(1)
            except RunFailedError as error:
                on_failure(error)


def become(launch: Launch) -> None:
    """Do in this process what ``launch`` does: its folder, environment, module and arguments.

    Its argv is ``python -m MODULE ARGUMENT...``. Returns or raises as the module does.
    """
    _, flag, module, *arguments = launch.argv
    if flag != "-m":
        raise ValueError(f"{launch.argv}: only a module can be run in this process")
    for key, value in launch.env.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
    os.chdir(launch.cwd)
    sys.path[0] = str(launch.cwd)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _alone() -> AbstractContextManager[None]:
    """Have the debugger leave the children of this thread alone.

    `datasets` saves in a child, always; a client that does not follow children would never let it
    go on. Where rows are tokenised in children, a client has to follow them.
    """
    monkey = sys.modules.get("_pydev_bundle.pydev_monkey")
    left_alone: AbstractContextManager[None] | None = None
    with suppress(AttributeError):
        left_alone = monkey.skip_subprocess_arg_patch() if monkey else None
    return left_alone or nullcontext()


def _status(ended: SystemExit) -> int:
    if ended.code is None:
        return 0
    return ended.code if isinstance(ended.code, int) else 1


class _Log:
    """Everything that this process and its children print, kept in a file and still shown.

    `tee` copies it: threads here would stand still with the rest whenever a debugger stops.
    """

    def __init__(self, file: Path, *, head: str) -> None:
        try:
            file.write_text(head, "utf-8")
        except OSError as error:
            raise unwritable(error, file) from None
        try:
            self._tee = subprocess.Popen(
                ["tee", "-i", "-a", str(file)],  # noqa: S607  # POSIX has it, each system elsewhere
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise InspectError(f"tee cannot be started ({error.strerror})") from None
        assert self._tee.stdin is not None
        _flush()
        self._shown = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in self._shown:
            os.dup2(self._tee.stdin.fileno(), number)
        self._tee.stdin.close()

    def close(self) -> None:
        """Give stdout and stderr back and wait until all that was printed is in the file."""
        _flush()
        for number, shown in self._shown:
            os.dup2(shown, number)
            os.close(shown)
        if self._shown:
            try:
                self._tee.wait(_LOG_SECONDS)
            except subprocess.TimeoutExpired:
                self._tee.kill()
                self._tee.wait()
        self._shown = []


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
