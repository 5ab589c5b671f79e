"""What ``inspect-tool scale`` does with processes: the real run, and ranks under a debugger."""

from __future__ import annotations

import re
import signal
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from inspect_tool.cli.debugging import tell
from inspect_tool.cli.exits import say
from inspect_tool.cli.failing import explained
from inspect_tool.errors import ExitCode, InspectError
from inspect_tool.report.look import look_of
from inspect_tool.report.scale_text import scale_text
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import DebugOptions
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.debug_run import refuse
from inspect_tool.runs.journal import read_metrics
from inspect_tool.runs.ports import HOST, choose_port, debugger_at
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.ranks.pace import read_paces, slowest
from inspect_tool.scale.ranks.record import Rank, RankState
from inspect_tool.scale.ranks.run import FleetListener, FleetRun, run_fleet
from inspect_tool.scale.safe_fleet import safe_fleet
from inspect_tool.scale.starting import launch_of
from inspect_tool.scale.strategy import strategy_of

if TYPE_CHECKING:
    from types import FrameType

    from inspect_tool.cli.scaling import Scaling
    from inspect_tool.report.look import ColorChoice
    from inspect_tool.runs.tiny.source import ModelChoice
    from inspect_tool.scale.real_fleet import Meeting

ALL_READY = "ready: all ranks wait for a debugger"
_NUMBER = re.compile(r"\d+")


def launch_plan(
    scaling: Scaling, meeting: Meeting, *, anyway: bool, color: ColorChoice = "auto"
) -> int:
    """Print the plan and train for real on this machine's part of the fleet, until it has ended.

    Raises InspectError where the preflight found an error, unless it is to be launched anyway, and
    where this machine has too few GPUs.
    """
    plan = scaling.plan()
    sys.stdout.write(scale_text(plan, look_of(sys.stdout, color=color)) + "\n")
    sys.stdout.flush()
    return _follow(launch_of(plan, meeting, anyway=anyway))


def debug_ranks(
    scaling: Scaling, ranks: str, *, port: int, model: ModelChoice, reuse: bool = False
) -> int:
    """Run the derived tiny config on all ranks, those named under debugpy; blocks until its end.

    ``ranks`` are written ``0,1``; rank r listens on ``port`` + r. With ``reuse`` ranks that wait
    there already serve, and none are started.
    """
    named = _NUMBER.findall(ranks)
    if reuse and named and all(debugger_at(port + int(rank)) for rank in named):
        tell(f"{ALL_READY}; they wait already")
        return int(ExitCode.OK)
    options = DebugOptions(debugger=False, model=model)
    plan = Chosen(config=scaling.config, cwd=scaling.cwd, options=options).plan(say)
    refuse(plan)
    asked = scaling.options
    strategy = asked.strategy or strategy_of(Config.read(plan.config).values, cwd=plan.launch.cwd)
    _refuse_missing(strategy)
    fleet = Fleet(asked.processes, asked.nodes, strategy)
    wanted = _ranks(ranks, fleet)
    base = _free_ports(port, wanted)
    return _follow(safe_fleet(plan, fleet, debug=wanted, port=base), waited_for=wanted)


def _ranks(text: str, fleet: Fleet) -> tuple[int, ...]:
    """Return the ranks that ``0,1`` names; raises InspectError for others than there are."""
    if fleet.nodes > 1:
        raise InspectError("ranks are debugged on one machine", fix="leave out --nodes")
    there = {str(rank): rank for rank in range(fleet.processes)}
    named = [part.strip() for part in text.split(",")]
    unknown = [name for name in named if name not in there]
    if unknown:
        raise InspectError(
            f"--debug-ranks {text}: no rank {unknown[0]!r}",
            fix=f"ranks are 0 to {fleet.processes - 1}, as in --debug-ranks 0,1",
        )
    return tuple(sorted({there[name] for name in named}))


def _refuse_missing(strategy: Strategy) -> None:
    """Raise InspectError for an engine that is not installed, before every rank finds out."""
    if strategy.deepspeed and find_spec("deepspeed") is None:
        raise InspectError(
            f"{strategy} needs deepspeed, which is not installed here",
            fix="pip install 'axolotl[deepspeed]==0.19.0', or --strategy ddp",
        )


def _free_ports(base: int, ranks: tuple[int, ...]) -> int:
    """Return ``base``, for 0 a free one; raises InspectError if a rank's port is taken."""
    if base == 0:
        base = choose_port(0) - min(ranks)
    for rank in ranks:
        choose_port(base + rank, option="--debug-port")
    return base


def _follow(run: FleetRun, *, quiet: bool = False, waited_for: tuple[int, ...] = ()) -> int:
    say(f"run folder {run.folder}; `inspect-tool hang {run.folder}` shows where ranks stand")
    signal.signal(signal.SIGTERM, _interrupt)
    listener = FleetListener(on_line=None if quiet else _show, on_rank=_Teller(waited_for))
    try:
        with explained():
            run_fleet(run, listener)
    except KeyboardInterrupt:
        say(f"interrupted; what there is lies in {run.folder}")
        raise
    tell(_summary(run))
    return int(ExitCode.OK)


class _Teller:
    """Tells when a rank waits for a debugger, and when all of those do that are to be debugged."""

    def __init__(self, waited_for: tuple[int, ...]) -> None:
        self._left = set(waited_for)

    def __call__(self, rank: Rank) -> None:
        if rank.state is RankState.WAITING:
            tell(f"ready: rank {rank.rank}: attach a debugger to {HOST}:{rank.port}")
            if self._left == {rank.rank}:
                tell(ALL_READY)
            self._left.discard(rank.rank)
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
