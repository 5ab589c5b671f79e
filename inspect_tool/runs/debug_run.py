"""A debug run carried out: its folder made, the process started, followed, and ended.

Whatever happens, the run's folder says so: the status is written before and after, and one whose
writer was killed is recognised by its process (see ``journal``).
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.cut import cut
from inspect_tool.runs.failures.ends import NO_STEPS
from inspect_tool.runs.failures.explain import explain_end
from inspect_tool.runs.failures.failure import FailedRunError
from inspect_tool.runs.journal import (
    CONFIG,
    LOG,
    PLAN,
    Journal,
    State,
    make_folder,
    unwritable,
)
from inspect_tool.runs.launch import Process
from inspect_tool.runs.ports import listens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.runs.debug import DebugPlan

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Listener:
    """Who is told what: each line of the log, the process once started, the port once open.

    Once ``stop`` is set the run counts as interrupted; whoever sets it ends the process, if any.
    """

    on_line: Callable[[str], None] | None = None
    on_start: Callable[[Process], None] | None = None
    on_ready: Callable[[], None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)


def run_debug(plan: DebugPlan, listener: Listener | None = None) -> Path:
    """Carry out ``plan`` and return its folder; blocks until the run has ended.

    Raises InspectError where it cannot start, FailedRunError with the cause where it fails.
    After an exception in a listener, KeyboardInterrupt too, nothing of the run is left running.
    """
    refuse(plan)
    listener = listener or Listener()
    journal = make_folder(plan.folder)
    try:
        write_inputs(plan, journal)
        status = _Running(plan, journal, listener).until_end()
        if listener.stop.is_set():
            end(journal, State.INTERRUPTED, "interrupted", status)
        else:
            judge(plan, journal, status)
    except KeyboardInterrupt:
        end(journal, State.INTERRUPTED, "interrupted")
        raise
    except BaseException as error:
        if not journal.status.state.over:
            end(journal, State.FAILED, str(error))
        raise
    return plan.folder


def refuse(plan: DebugPlan) -> None:
    """Raise InspectError for a plan that cannot start."""
    errors = plan.errors
    if errors:
        more = f" (and {len(errors) - 1} more: --dry-run lists them)" if errors[1:] else ""
        raise InspectError(f"{errors[0].message}{more}", place=plan.config, fix=errors[0].fix)


def write_inputs(plan: DebugPlan, journal: Journal) -> None:
    """Write everything that the run reads."""
    journal.write(PLAN, json.dumps(plan.to_json(), indent=2) + "\n")
    for part in plan.cuts:
        if cut(part) == 0:
            raise InspectError("there is no row in it", place=part.source)
    if plan.model.tiny is not None:
        plan.model.tiny.write()
    journal.write(CONFIG, plan.derived_yaml)


def end(journal: Journal, state: State, message: str, exit_status: int | None = None) -> None:
    """Write the last status; a full disk must not hide what happened."""
    with suppress(InspectError):
        journal.finish(state, message=message, exit_status=exit_status)


def judge(plan: DebugPlan, journal: Journal, status: int) -> None:
    """Write how a run ended, which axolotl's exit status alone does not tell.

    Raises FailedRunError with the cause when it failed. A run that went to its end with a loss
    that is not finite, or nothing to train on, has finished, and its status says so.
    """
    trains = plan.options.stage == "train"
    config = Config.read(plan.config)
    failure = explain_end(plan.folder, status, trains=trains, config=config)
    fails = failure is not None and (status != 0 or failure.code == NO_STEPS)
    state = State.FAILED if fails else State.FINISHED
    end(journal, state, failure.cause if failure else "", status)
    if failure is not None and fails:
        raise FailedRunError.of(failure, log=plan.folder / LOG)


class _Running:
    """The process of a run; owns it, its log and the thread that waits for the port."""

    def __init__(self, plan: DebugPlan, journal: Journal, listener: Listener) -> None:
        self.plan = plan
        self.journal = journal
        self.listener = listener
        self.ended = threading.Event()
        self.ready = threading.Event()

    def until_end(self) -> int:
        """Start the process, follow it, and return its exit status."""
        waiter: threading.Thread | None = None
        with Process(self.plan.launch) as process:
            try:
                self.journal.say(State.STARTING, **self.journal.of_process(process.pid))
                if self.listener.on_start is not None:
                    self.listener.on_start(process)
                if self.listener.stop.is_set():
                    process.end()
                if self.plan.options.debugger:
                    waiter = threading.Thread(target=self._wait_for_port, args=(process,))
                    waiter.start()
                else:
                    self.journal.say(State.RUNNING)
                self._follow(process)
                return process.wait()
            finally:
                self.ended.set()
                if waiter is not None:
                    waiter.join()

    def _follow(self, process: Process) -> None:
        log = self.plan.folder / LOG
        try:
            with log.open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{self.plan.launch.command()}\n\n")
                for line in process.lines():
                    file.write(f"{line}\n")
                    file.flush()
                    if self.ready.is_set():
                        self.ready.clear()
                        self.journal.say(State.RUNNING)
                    if self.listener.on_line is not None:
                        self.listener.on_line(line)
        except OSError as error:
            raise unwritable(error, log) from None

    def _wait_for_port(self, process: Process) -> None:
        """Tell that the debugger listens, once it really does."""
        port = self.plan.options.port
        while not self.ended.wait(_POLL_SECONDS):
            if listens(process.pid, port):
                with suppress(InspectError):
                    self.journal.say(State.WAITING, port=port)
                self.ready.set()
                if self.listener.on_ready is not None:
                    self.listener.on_ready()
                return
