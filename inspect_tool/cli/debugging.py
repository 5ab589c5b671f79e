"""What ``inspect-tool debug`` does once its options are read."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING

from inspect_tool.cli.exits import say
from inspect_tool.cli.failing import explained, show_failure
from inspect_tool.errors import ExitCode
from inspect_tool.report.debug_text import plan_text
from inspect_tool.report.look import look_of
from inspect_tool.runs.debug_run import Listener, refuse, run_debug
from inspect_tool.runs.failures.explain import explain_run
from inspect_tool.runs.journal import read_metrics
from inspect_tool.runs.ports import HOST, debugger_at
from inspect_tool.runs.validated import validated
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from types import FrameType

    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.runs.debug_choice import Chosen


def print_plan(chosen: Chosen, *, as_json: bool, validate: bool = False) -> int:
    """Print the plan; 1 when something stands in its way. ``validate`` asks axolotl, too."""
    plan = chosen.plan(say)
    if validate and not plan.errors:
        plan = validated(plan)
    if as_json:
        print(json.dumps(plan.to_json(), indent=2))
    else:
        sys.stdout.write(plan_text(plan, look_of(sys.stdout)))
    return int(ExitCode.FINDINGS if plan.errors else ExitCode.OK)


def carry_out(chosen: Chosen, *, quiet: bool, traceback: bool = False, reuse: bool = False) -> int:
    """Run the plan; a line on stdout when a debugger can attach, and one at the end.

    1 where the run went to its end with numbers that cannot be right. With ``reuse`` only the
    first line, where a run waits on the port already.
    """
    if reuse and debugger_at(chosen.options.port):
        tell(f"ready: attach a debugger to {HOST}:{chosen.options.port}; it waits already")
        return int(ExitCode.OK)
    plan = chosen.with_port().plan(say)
    refuse(plan)
    announce(plan)
    signal.signal(signal.SIGTERM, _interrupt)
    listener = Listener(
        on_line=None if quiet else _show,
        on_ready=lambda: tell(f"ready: attach a debugger to {HOST}:{plan.options.port}"),
    )
    try:
        with explained(traceback=traceback):
            run_debug(plan, listener)
    except KeyboardInterrupt:
        say(f"interrupted; what there is lies in {plan.folder}")
        raise
    return tell_end(plan)


def tell_end(plan: DebugPlan) -> int:
    """Say what a run came to; 1 where it went to its end with numbers that cannot be right."""
    tell(_summary(plan))
    if plan.options.memorize is not None:
        say(f"`inspect-tool sanity {plan.folder}` asks for what it has learned")
    doubt = explain_run(plan.folder)
    if doubt is None:
        return int(ExitCode.OK)
    show_failure(doubt)
    say(f"{doubt.cause} ({doubt.fix})")
    return int(ExitCode.FINDINGS)


def announce(plan: DebugPlan) -> None:
    """Say on stderr what is doubtful, how much is changed, and where the run's folder is."""
    for problem in plan.problems:
        if problem.severity != "error":
            say(f"{problem.message} ({problem.fix})" if problem.fix else problem.message)
    changed = len(plan.overrides) + len(plan.translated)
    say(f"{changed} keys changed (--dry-run shows why); run folder {plan.folder}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(line: str) -> None:
    print(safe(line, tab="    "), file=sys.stderr, flush=True)


def tell(line: str) -> None:
    """Print one line on stdout at once; names in it may be anyone's, so none is obeyed."""
    print(safe(line, newline=" "), flush=True)


def _summary(plan: DebugPlan) -> str:
    """Return what a run that finished came to, in one line."""
    steps = [item for item in read_metrics(plan.folder) if "loss" in item]
    if not steps:
        return f"finished: {plan.folder}"
    losses = ", ".join(
        "not finite" if s["loss"] is None else f"{s['loss']:.4f}" for s in steps[-4:]
    )
    return f"finished: {len(steps)} steps, loss {losses}; {plan.folder}"
