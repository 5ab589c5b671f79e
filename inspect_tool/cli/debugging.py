"""What ``inspect-tool debug`` does once its options are read."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inspect_tool.cli.exits import say
from inspect_tool.errors import ExitCode, InspectError
from inspect_tool.report.debug_text import plan_text
from inspect_tool.report.look import look_of
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import DebugOptions, DebugPlan, plan_debug
from inspect_tool.runs.debug_run import Listener, run_debug
from inspect_tool.runs.device import detect
from inspect_tool.runs.journal import free_name, read_metrics
from inspect_tool.runs.match import prepared_by
from inspect_tool.runs.ports import HOST, choose_port
from inspect_tool.runs.stops.places import Stops
from inspect_tool.runs.tiny.source import fetch_config
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType


@dataclass(frozen=True)
class Chosen:
    """One command line, understood; ``name`` and ``cwd`` None: found out."""

    config: Path
    options: DebugOptions
    device: str
    stop_at: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    name: str | None = None
    cwd: Path | None = None


def print_plan(chosen: Chosen, *, as_json: bool) -> int:
    """Print the plan; 1 when something stands in its way."""
    plan = _plan(chosen)
    if as_json:
        print(json.dumps(plan.to_json(), indent=2))
    else:
        sys.stdout.write(plan_text(plan, look_of(sys.stdout)))
    return int(ExitCode.FINDINGS if plan.errors else ExitCode.OK)


def carry_out(chosen: Chosen, *, quiet: bool) -> int:
    """Run the plan; a line on stdout when a debugger can attach, and one at the end."""
    if chosen.options.debugger:
        port = choose_port(chosen.options.port)
        chosen = replace(chosen, options=replace(chosen.options, port=port))
    plan = _plan(chosen)
    for problem in plan.problems:
        if problem.severity != "error":
            say(f"{problem.message} ({problem.fix})" if problem.fix else problem.message)
    changed = len(plan.overrides) + len(plan.translated)
    say(f"{changed} keys changed (--dry-run shows why); run folder {plan.folder}")
    signal.signal(signal.SIGTERM, _interrupt)
    listener = Listener(
        on_line=None if quiet else _show,
        on_ready=lambda: _tell(f"ready: attach a debugger to {HOST}:{plan.options.port}"),
    )
    try:
        run_debug(plan, listener)
    except KeyboardInterrupt:
        say(f"interrupted; what there is lies in {plan.folder}")
        raise
    _tell(_summary(plan))
    return int(ExitCode.OK)


def _plan(chosen: Chosen) -> DebugPlan:
    config = Config.read(chosen.config.absolute())
    cwd = chosen.cwd.absolute() if chosen.cwd else prepared_by(config).cwd
    if not cwd.is_dir():
        raise InspectError("no such folder", place=cwd)
    folder = free_name(cwd, config.path.stem)
    if chosen.name:
        if "/" in chosen.name or chosen.name.startswith("."):
            raise InspectError(f"--name {chosen.name}: not a folder's name")
        folder = folder.with_name(chosen.name)
    stops = Stops.parse(chosen.stop_at, chosen.breaks, cwd=cwd)
    options = replace(chosen.options, stops=stops)
    device = detect(chosen.device)
    plan = plan_debug(config, cwd=cwd, folder=folder, options=options, device=device)
    if any(problem.code == "P-MODEL-MISSING" for problem in plan.problems) and _fetch(config):
        plan = plan_debug(config, cwd=cwd, folder=folder, options=options, device=device)
    return plan


def _fetch(config: Config) -> bool:
    """Fetch the base model's config.json when online; tell why where it cannot be had."""
    from huggingface_hub import constants

    name = str(config.values.get("base_model_config") or config.base_model)
    if constants.HF_HUB_OFFLINE or name.startswith((".", "/", "~")) or name.count("/") > 1:
        return False
    try:
        fetch_config(name, revision=str(config.values.get("revision_of_model") or "") or None)
    except InspectError as error:
        say(error.message)
        return False
    return True


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(line: str) -> None:
    print(safe(line, tab="    "), file=sys.stderr, flush=True)


def _tell(line: str) -> None:
    print(safe(line, newline=" "), flush=True)


def _summary(plan: DebugPlan) -> str:
    steps = [item for item in read_metrics(plan.folder) if "loss" in item]
    if not steps:
        return f"finished: {plan.folder}"
    losses = ", ".join(
        "not finite" if s["loss"] is None else f"{s['loss']:.4f}" for s in steps[-4:]
    )
    return f"finished: {len(steps)} steps, loss {losses}; {plan.folder}"
