"""``python -m inspect_tool.cli.in_process CONFIG OPTION...``: what an editor's F5 starts.

Takes the options of ``inspect-tool debug`` and carries the run out in this process, under the
debugger that started it. Nothing stands between the run and the interpreter, so that an exception
that nobody catches stops the debugger where it was raised.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from inspect_tool.cli.exits import INTERRUPTED, guarded, say
from inspect_tool.errors import ExitCode, RunFailedError

if TYPE_CHECKING:
    from inspect_tool.runs.debug_choice import Chosen
    from inspect_tool.runs.in_process import InProcessRun


def main() -> None:
    """Plan, prepare, and become the run; ends as ``inspect-tool debug`` ends."""
    prepared: list[InProcessRun] = []
    status = guarded(lambda: _prepare(sys.argv[1:], prepared))
    if not prepared:
        sys.exit(status)
    from inspect_tool.cli.debugging import tell_end

    run = prepared[0]
    try:
        run.carry_out(_explain)
    except RunFailedError as error:
        _explain(error)
        sys.exit(int(error.exit_code))
    except KeyboardInterrupt:
        say(f"interrupted; what there is lies in {run.plan.folder}")
        sys.exit(INTERRUPTED)
    sys.exit(tell_end(run.plan))


def _explain(error: RunFailedError) -> None:
    from inspect_tool.cli.failing import explained

    with suppress(RunFailedError), explained():
        raise error
    say(str(error))


def _prepare(arguments: list[str], prepared: list[InProcessRun]) -> int:
    from inspect_tool.cli.app import run

    def keep(chosen: Chosen) -> int:
        prepared.append(_run_of(chosen))
        return int(ExitCode.OK)

    return run(["debug", *arguments], in_process=keep)


def _run_of(chosen: Chosen) -> InProcessRun:
    from inspect_tool.cli.debugging import announce
    from inspect_tool.runs.in_process import InProcessRun

    options = replace(chosen.options, debugger=False)
    plan = replace(chosen, options=options).plan(say)
    announce(plan)
    return InProcessRun(plan)


if __name__ == "__main__":
    main()
