"""Small runs on several processes, in the background of a test, ended with it."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug import DebugOptions, DebugPlan
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.scale.ranks.record import Rank, RankState, read_ranks
from inspect_tool.scale.ranks.run import FleetListener, FleetRun, run_fleet
from tests.axolotl_runs import ROOT
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


def plan(config: Path, *, steps: int = 3, **given: Any) -> DebugPlan:
    """Return the tiny debug run of a config; ``given`` are keys set by hand."""
    options = DebugOptions(debugger=False, steps=steps, given=given)
    return Chosen(config=config, cwd=config.parent, options=options).plan(print)


def finding_tests(run: FleetRun) -> FleetRun:
    """Return a run whose ranks can import the plugins of these tests."""
    env = {**run.launch.env, "PYTHONPATH": str(ROOT)}
    return replace(run, launch=replace(run.launch, env=env))


class Background:
    """One run in a thread; a context manager that ends its processes."""

    def __init__(self, run: FleetRun) -> None:
        self.run = run
        self.problem: InspectError | None = None
        self.lines: list[str] = []
        self.told: list[Rank] = []
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        import os
        import signal

        for rank in read_ranks(self.run.folder):
            if not rank.state.over:
                with suppress(ProcessLookupError):
                    os.kill(rank.pid, signal.SIGKILL)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the run outlives its ranks"

    @property
    def output(self) -> str:
        """Everything that was printed so far."""
        return "\n".join(self.lines)

    @property
    def over(self) -> bool:
        """Whether nothing of the run is left."""
        return not self._thread.is_alive()

    def ranks(self) -> dict[int, Rank]:
        """Return what each rank says of itself."""
        return {rank.rank: rank for rank in read_ranks(self.run.folder)}

    def until_all(self, state: RankState) -> None:
        """Wait until every rank is in ``state``."""
        until(lambda: self.over or self._all(state), f"every rank {state}")
        assert self._all(state), self.output

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join(PATIENCE)
        assert self.over, self.output

    def _all(self, state: RankState) -> bool:
        ranks = self.ranks()
        return len(ranks) == self.run.processes and all(r.state is state for r in ranks.values())

    def _work(self) -> None:
        listener = FleetListener(
            on_line=lambda rank, line: self.lines.append(f"{rank}: {line}"),
            on_rank=self.told.append,
        )
        try:
            run_fleet(self.run, listener)
        except InspectError as error:
            self.problem = error
