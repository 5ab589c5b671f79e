"""A run that the app started: goes on behind whatever screen is shown, ends with the app."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug_run import Listener, run_debug

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.runs.launch import Process
    from inspect_tool.scale.ranks.run import FleetRun
    from inspect_tool.scale.rehearsal.plan import RehearsalPlan

    CarryOut = Callable[[Callable[[Process], None], threading.Event], object]


class OwnRun:
    """Owns one run in a thread; what it does is read from its folder, as of any other run.

    ``carry_out`` blocks until the run has ended. It tells each process that it starts, and takes
    the run for interrupted once the event is set. ``trains``: it is the person's own training, not
    a small one that costs nothing.
    """

    def __init__(self, folder: Path, carry_out: CarryOut, *, trains: bool = False) -> None:
        self.folder, self.trains = folder, trains
        self.problem: InspectError | None = None
        """Why it could not start, or how it failed; known once it has ended."""
        self._carry_out = carry_out
        self._process: Process | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="own run")

    @property
    def alive(self) -> bool:
        """Whether it still goes on."""
        return self._thread.is_alive()

    @property
    def ending(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    def start(self) -> None:
        """Start it; returns at once."""
        self._thread.start()

    def end(self) -> None:
        """End its whole process group; blocks until that is gone and its folder says so."""
        self._stop.set()
        process = self._process
        if process is not None:
            process.end()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._carry_out(self._started, self._stop)
        except InspectError as problem:
            self.problem = problem
        except KeyboardInterrupt:
            """A rehearsal's way to say that it was interrupted, which its folder says as well."""

    def _started(self, process: Process) -> None:
        self._process = process
        if self._stop.is_set():
            process.end()


def own_debug(plan: DebugPlan) -> OwnRun:
    """Return a debug run, not started."""
    return OwnRun(
        plan.folder, lambda told, stop: run_debug(plan, Listener(on_start=told, stop=stop))
    )


def own_rehearsal(plan: RehearsalPlan) -> OwnRun:
    """Return a rehearsal, not started."""
    from inspect_tool.scale.rehearsal.rehearse import rehearse
    from inspect_tool.scale.rehearsal.run import Following

    return OwnRun(
        plan.folder,
        lambda told, stop: rehearse(
            plan, Following(on_start=lambda _which, process: told(process), stop=stop)
        ),
    )


def own_fleet(run: FleetRun) -> OwnRun:
    """Return a run on many processes, not started."""
    from inspect_tool.scale.ranks.run import FleetListener, run_fleet

    return OwnRun(
        run.folder,
        lambda told, stop: run_fleet(run, FleetListener(on_start=told, stop=stop)),
        trains=run.plan is None,
    )
