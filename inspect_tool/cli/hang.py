"""``inspect-tool hang``: where each rank of a run stands, and who waits for whom."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import Color, JsonFlag

HELP = """Say where each rank of a run stands: its Python stack, and the collective it waits in.

RUN is a run's folder (.inspect/runs/NAME), of `scale --launch`, `--debug-ranks` or `debug`. The
stacks are read from outside with py-spy, which needs to be allowed to (SYS_PTRACE in a container);
the run is not disturbed. Ranks that stand at the same place are shown once.

Exit status 1 when ranks stand still, 0 when the run moves. With --json one document
(docs/schemas/hang.json).

\b
Examples:
  inspect-tool hang .inspect/runs/qlora-3
  inspect-tool hang .inspect/runs/qlora-3 --seconds 10 --all
"""

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")]
Seconds = Annotated[
    float, typer.Option("--seconds", min=0.0, help="How long a rank must stand still to be stuck.")
]
Every = Annotated[bool, typer.Option("--all", help="Every call of each stack.")]


def hang(
    run: RunFolder,
    *,
    seconds: Seconds = 1.0,
    every: Every = False,
    color: Color = "auto",
    as_json: JsonFlag = False,
) -> int:
    """Print the stacks of a run's ranks."""
    import sys

    from inspect_tool.errors import ExitCode
    from inspect_tool.report.hang_text import hang_text
    from inspect_tool.report.look import look_of
    from inspect_tool.report.plain_values import json_text
    from inspect_tool.scale.hang import is_stuck, stacks, verdict

    found = stacks(run, seconds=seconds)
    stuck = is_stuck(found)
    if as_json:
        ranks = [stack.to_json() for stack in found]
        print(json_text({"stuck": stuck, "verdict": verdict(found), "ranks": ranks}))
    else:
        sys.stdout.write(hang_text(found, look_of(sys.stdout, color=color), every=every))
    return int(ExitCode.FINDINGS if stuck else ExitCode.OK)
