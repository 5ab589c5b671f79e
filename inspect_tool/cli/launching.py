"""What ``inspect-tool scale`` does with processes: the real run, and ranks under a debugger."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from inspect_tool.cli.debugging import tell
from inspect_tool.cli.exits import say
from inspect_tool.errors import ExitCode, InspectError
from inspect_tool.runs.debug import DebugOptions
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.debug_run import refuse
from inspect_tool.runs.doctor.machine import gpus
from inspect_tool.runs.journal import free_name, read_metrics
from inspect_tool.runs.ports import HOST, choose_port
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.ranks.pace import read_paces, slowest
from inspect_tool.scale.ranks.record import Rank, RankState
from inspect_tool.scale.ranks.run import FleetListener, FleetRun, run_fleet
from inspect_tool.scale.real_fleet import Meeting, real_fleet, refuse_without_gpus
from inspect_tool.scale.safe_fleet import safe_fleet

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from inspect_tool.runs.config import Config
    from inspect_tool.scale.fleet import Fleet


def launch(
    config: Config, fleet: Fleet, *, cwd: Path, name: str | None = None, meeting: Meeting
) -> int:
    """Run the config for real on this machine's part of the fleet; blocks until it has ended."""
    refuse_without_gpus(fleet, len(gpus()))
    folder = free_name(cwd, name or config.path.stem)
    return _follow(real_fleet(config, fleet, cwd=cwd, folder=folder, meeting=meeting))


def debug_ranks(
    chosen: Chosen, fleet: Fleet, *, ranks: tuple[int, ...], port: int, quiet: bool = False
) -> int:
    """Run the derived tiny config on all ranks, those named under debugpy; blocks until its end."""
    if fleet.nodes > 1:
        raise InspectError("ranks are debugged on one machine", fix="leave out --nodes")
    unknown = [rank for rank in ranks if not 0 <= rank < fleet.processes]
    if unknown or not ranks:
        raise InspectError(
            f"--debug-ranks: no rank {unknown[0] if unknown else ''}".rstrip(),
            fix=f"ranks are 0 to {fleet.processes - 1}",
        )
    base = _free_ports(port, ranks)
    options = replace(chosen.options, debugger=False)
    plan = replace(chosen, options=options).plan(say)
    refuse(plan)
    return _follow(safe_fleet(plan, fleet, debug=ranks, port=base), quiet=quiet)


def derived(config: Path, *, cwd: Path | None, steps: int | None = None) -> Chosen:
    """Return what ``debug`` would derive from a config, without a debugger."""
    return Chosen(config=config, cwd=cwd, options=DebugOptions(debugger=False, steps=steps))


def _free_ports(base: int, ranks: tuple[int, ...]) -> int:
    """Return ``base``, for 0 a free one; raises InspectError if a rank's port is taken."""
    if base == 0:
        base = choose_port(0) - min(ranks)
    for rank in ranks:
        choose_port(base + rank)
    return base


def _follow(run: FleetRun, *, quiet: bool = False) -> int:
    say(f"run folder {run.folder}; `inspect-tool hang {run.folder}` shows where ranks stand")
    signal.signal(signal.SIGTERM, _interrupt)
    listener = FleetListener(on_line=None if quiet else _show, on_rank=_tell)
    try:
        run_fleet(run, listener)
    except KeyboardInterrupt:
        say(f"interrupted; what there is lies in {run.folder}")
        raise
    tell(_summary(run))
    return int(ExitCode.OK)


def _tell(rank: Rank) -> None:
    if rank.state is RankState.WAITING:
        tell(f"ready: rank {rank.rank}: attach a debugger to {HOST}:{rank.port}")
    elif rank.state in {RankState.FAILED, RankState.DIED}:
        tell(f"rank {rank.rank} {rank.state}{f': {rank.message}' if rank.message else ''}")


def _show(rank: int | None, line: str) -> None:
    who = "launcher" if rank is None else f"rank {rank}"
    print(f"{who}: {safe(line, tab='    ')}", file=sys.stderr, flush=True)


def _summary(run: FleetRun) -> str:
    steps = [item for item in read_metrics(run.folder) if "loss" in item]
    parts = [f"finished: {run.processes} ranks, {len(steps)} steps"]
    last = steps[-1]["loss"] if steps else None
    if last is not None:
        parts.append(f"loss {last:.4f}")
    paces = read_paces(run.folder, run.processes)
    late = slowest(paces)
    if late is not None:
        others = min(pace.seconds for pace in paces)
        parts.append(
            f"slowest rank {late.rank} ({late.seconds:.3f} s a step, fastest {others:.3f})"
        )
    return f"{', '.join(parts)}; {run.folder}"


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
