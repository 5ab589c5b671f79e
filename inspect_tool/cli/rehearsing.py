"""What ``inspect-tool scale --rehearse`` does: the plan, then both runs, then what they say."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING

from inspect_tool.cli.exits import say
from inspect_tool.errors import ExitCode
from inspect_tool.report.look import look_of
from inspect_tool.report.rehearsal_text import rehearsal_text
from inspect_tool.report.scale_text import scale_text
from inspect_tool.runs.config import Config
from inspect_tool.scale.rehearsal.parity import refuse_random
from inspect_tool.scale.rehearsal.rehearse import rehearse
from inspect_tool.scale.rehearsal.run import Following
from inspect_tool.scale.starting import rehearsal_of

if TYPE_CHECKING:
    from types import FrameType

    from inspect_tool.cli.scaling import Scaling
    from inspect_tool.report.look import ColorChoice
    from inspect_tool.scale.rehearsal.plan import RehearsalOptions, RehearsalPlan, Which
    from inspect_tool.scale.rehearsal.rehearse import Rehearsal


def rehearse_plan(
    scaling: Scaling, options: RehearsalOptions, *, color: ColorChoice, as_json: bool
) -> int:
    """Print the plan, rehearse it, print what was found; 3 where a run did not train."""
    refuse_random(Config.read(scaling.config).values)
    plan = scaling.plan()
    rehearsal_plan = rehearsal_of(plan, options)
    plan.write_files()
    look = look_of(sys.stdout, color=color)
    if not as_json:
        sys.stdout.write(scale_text(plan, look) + "\n")
        sys.stdout.flush()
    found = _carry_out(rehearsal_plan)
    if as_json:
        print(json.dumps({**plan.to_json(), "rehearsal": found.to_json()}, indent=2))
    else:
        sys.stdout.write(rehearsal_text(found, look))
    if found.failed:
        return int(ExitCode.FAILED)
    return int(ExitCode.FINDINGS if plan.failed or not found.agree else ExitCode.OK)


def _carry_out(plan: RehearsalPlan) -> Rehearsal:
    names = {"one": "1 process", "many": f"{plan.fleet.processes} processes"}

    def started(which: Which, _process: object) -> None:
        say(f"rehearsing on {names[which]}, {plan.device.name}: {plan.folder / which / 'log.txt'}")

    for note in plan.notes:
        say(note.message)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return rehearse(plan, Following(on_start=started))
    except KeyboardInterrupt:
        say(f"interrupted; what there is lies in {plan.folder}")
        raise


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
