"""The debug run of a config on several processes: safe and tiny as ``debug`` makes it, on N ranks.

On a machine without GPUs the ranks meet over gloo (see ``rig``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from inspect_tool.runs.launch import Launch
from inspect_tool.runs.overrides.draft import Draft
from inspect_tool.scale.commands import MODULE, Site, accelerate
from inspect_tool.scale.fleet import RIG
from inspect_tool.scale.ranks.pace import PLUGIN
from inspect_tool.scale.ranks.run import WRAPPER, FleetRun, launcher_options
from inspect_tool.scale.strategy import apply

if TYPE_CHECKING:
    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.scale.fleet import Fleet

PAUSE_SECONDS = 86_400
"""How long ranks wait for one that a debugger holds; half an hour is the default."""


def safe_fleet(
    plan: DebugPlan, fleet: Fleet, *, debug: tuple[int, ...] = (), port: int = 0, meet: int = 0
) -> FleetRun:
    """Return the run of ``plan`` on ``fleet``, in the plan's folder; pure.

    ``debug`` names the ranks that wait for a debugger, rank r on ``port`` + r; ``meet`` is the port
    on which the ranks find each other, 0 for a free one.
    """
    draft = Draft(dict(plan.values), given={})
    apply(draft, fleet.strategy, cwd=plan.launch.cwd)
    rig = (RIG,) if plan.device.kind == "cpu" else ()
    plugins = [*(draft.get("plugins") or ()), PLUGIN, *rig]
    draft.set("plugins", plugins, "each rank is timed; without GPUs they meet over gloo")
    if debug:
        draft.set("ddp_timeout", PAUSE_SECONDS, "a pause at a breakpoint must end no rank")
    site = Site(cwd=plan.launch.cwd, folder=plan.folder, address="127.0.0.1", port=meet)
    options = launcher_options(plan.folder)
    program = ("-m", WRAPPER, MODULE)
    command = accelerate(plan.derived_path, fleet, site, program=program, options=options)
    env = dict(plan.launch.env)
    if plan.device.kind == "cuda":
        env.pop("CUDA_VISIBLE_DEVICES", None)
    return FleetRun(
        folder=plan.folder,
        launch=Launch(argv=command.launch.argv, cwd=plan.launch.cwd, env=env),
        config_yaml=yaml.safe_dump(
            json.loads(json.dumps(dict(draft.values), default=str)), sort_keys=False
        ),
        processes=fleet.processes,
        files=command.files,
        plan=plan,
        debug=debug,
        port=port,
    )
