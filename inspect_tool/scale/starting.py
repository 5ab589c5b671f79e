"""From a scale plan to what this machine starts: its rehearsal, or its part of the real run.

The command line and the app start the same values. Beside the plans, which are pure, this finds a
free folder and counts the GPUs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.clean import REHEARSAL
from inspect_tool.runs.device import detect
from inspect_tool.runs.doctor.machine import gpus
from inspect_tool.runs.journal import free_name
from inspect_tool.scale.real_fleet import real_fleet, refuse_without_gpus
from inspect_tool.scale.rehearsal.plan import plan_rehearsal

if TYPE_CHECKING:
    from inspect_tool.runs.device import Device
    from inspect_tool.scale.plan import ScalePlan
    from inspect_tool.scale.ranks.run import FleetRun
    from inspect_tool.scale.real_fleet import Meeting
    from inspect_tool.scale.rehearsal.plan import RehearsalOptions, RehearsalPlan


def rehearsal_of(plan: ScalePlan, options: RehearsalOptions | None = None) -> RehearsalPlan:
    """Return the rehearsal of ``plan`` on what this machine has.

    Raises InspectError for what cannot be rehearsed.
    """
    device = detect()
    return plan_rehearsal(
        plan.config,
        plan.fleet,
        cwd=plan.cwd,
        folder=free_name(plan.cwd, f"{plan.config.path.stem}{REHEARSAL}"),
        options=options,
        device=device,
        gpus=_visible(device),
    )


def launch_of(plan: ScalePlan, meeting: Meeting | None = None, *, anyway: bool = False) -> FleetRun:
    """Return this machine's part of the real run of ``plan``.

    Raises InspectError where the preflight found an error, unless it is to be launched ``anyway``,
    where this machine has too few GPUs, and where several machines have nowhere to meet.
    """
    if plan.errors and not anyway:
        first = plan.errors[0]
        raise InspectError(
            f"not launched: {first.code} {first.message}",
            place=plan.config.path,
            fix=f"{first.fix}; --anyway launches all the same",
        )
    refuse_without_gpus(plan.fleet, len(gpus()))
    folder = free_name(plan.cwd, plan.config.path.stem)
    return real_fleet(plan.config, plan.fleet, cwd=plan.cwd, folder=folder, meeting=meeting)


def _visible(device: Device) -> int:
    """Count the GPUs that a run would see."""
    if device.kind != "cuda":
        return 0
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    return len([name for name in setting.split(",") if name.strip()]) if setting else len(gpus())
