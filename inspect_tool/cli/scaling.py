"""What ``inspect-tool scale`` does once its options are read."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.cli.exits import say
from inspect_tool.cli.progress import waiting
from inspect_tool.errors import ExitCode
from inspect_tool.report.look import look_of
from inspect_tool.report.scale_text import scale_text
from inspect_tool.scale.asked import plan_asked

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.report.look import ColorChoice
    from inspect_tool.scale.plan import ScaleOptions, ScalePlan


@dataclass(frozen=True)
class Scaling:
    """One command line, understood; ``cwd`` None: found out. ``ask``: axolotl may be started."""

    config: Path
    options: ScaleOptions
    cwd: Path | None = None
    ask: bool = True

    def plan(self) -> ScalePlan:
        """Plan it; starts the axolotl worker where something was not asked before."""
        with ExitStack() as stack:
            started: list[AxolotlWorker] = []

            def worker() -> AxolotlWorker:
                if not started:
                    waiting("starting axolotl (some seconds) ...")
                    started.append(stack.enter_context(AxolotlWorker()))
                return started[0]

            return plan_asked(
                self.config,
                self.options,
                cwd=self.cwd,
                worker=worker if self.ask else None,
                say=say,
            )


def print_plan(scaling: Scaling, *, color: ColorChoice, as_json: bool) -> int:
    """Write what the commands read and print the plan; 1 when something is found."""
    plan = scaling.plan()
    plan.write_files()
    if as_json:
        print(json.dumps(plan.to_json(), indent=2))
    else:
        sys.stdout.write(scale_text(plan, look_of(sys.stdout, color=color)))
    return int(ExitCode.FINDINGS if plan.failed else ExitCode.OK)
