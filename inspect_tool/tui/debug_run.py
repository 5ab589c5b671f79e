"""A debug run that the app started: goes on behind whatever screen is shown, ends with the app."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug_run import Listener, run_debug

if TYPE_CHECKING:
    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.runs.launch import Process


class DebugRun:
    """Owns one run in a thread; what it does is read from its folder, as of any other run."""

    def __init__(self, plan: DebugPlan) -> None:
        self.plan = plan
        self.problem: InspectError | None = None
        """Why it could not start, or how it failed; known once it has ended."""
        self._process: Process | None = None
        self._listener = Listener(on_start=self._started)
        self._thread = threading.Thread(target=self._run, name="debug run")

    @property
    def alive(self) -> bool:
        """Whether it still goes on."""
        return self._thread.is_alive()

    @property
    def ending(self) -> bool:
        """Whether it was asked to end."""
        return self._listener.stop.is_set()

    def start(self) -> None:
        """Start it; returns at once."""
        self._thread.start()

    def end(self) -> None:
        """End its whole process group; blocks until that is gone and its folder says so."""
        self._listener.stop.set()
        process = self._process
        if process is not None:
            process.end()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            run_debug(self.plan, self._listener)
        except InspectError as problem:
            self.problem = problem

    def _started(self, process: Process) -> None:
        self._process = process
