"""``inspect-tool sanity``: what a run has learned by heart, asked of the model that it saved."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import Color, Fills, JsonFlag, Kwargs, Stops
from inspect_tool.prompts.inference.specs import TIMEOUT

HELP = """Ask the model that a run saved for the answers that it has learned by heart.

`inspect-tool debug CONFIG --memorize 4 --no-debugger` makes such a run. The saved adapter or model
is loaded by peft or transformers as an inference script would, and answers each prompt greedily:
training's own tokens first, then those of each target of `diff`. Expected and generated answers are
compared token by token, and where they end (docs/sanity.md). A prompt that is not training's is a
fault even where the answer comes.

Exits with 0 when every answer comes back through every prompt, with 1 when one does not, with 2 for
a run that tells nothing, with 3 when the model cannot be asked.

\b
Examples:
  inspect-tool sanity .inspect/runs/qlora-1
  inspect-tool sanity .inspect/runs/qlora-1 --against axolotl --against text:prompt.txt
  inspect-tool sanity .inspect/runs/qlora-1 --against chat-template:serving.jinja
  inspect-tool sanity .inspect/runs/qlora-1 --json | jq .targets
"""

Run = Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="WHAT",
        help="A target of `diff`; repeatable. Without it, for chats, the chat template that the "
        "run saved.",
        show_default=False,
    ),
]
Rows = Annotated[
    list[int] | None,
    typer.Option(
        "--row", help="Ask for this raw row, counted from 0; repeatable.", show_default=False
    ),
]


def sanity(
    run: Run,
    *,
    against: Against = None,
    kwargs: Kwargs = None,
    fill: Fills = None,
    stop: Stops = None,
    row: Rows = None,
    color: Color = "auto",
    as_json: JsonFlag = False,
) -> int:
    """Ask, and print what came."""
    import json
    import sys

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.cli.exits import say
    from inspect_tool.cli.progress import waiting
    from inspect_tool.errors import ExitCode
    from inspect_tool.prompts.inference.specs import Options, parse_fill, parse_targets
    from inspect_tool.report.look import look_of
    from inspect_tool.report.sanity_text import sanity_text
    from inspect_tool.runs.sanity.check import Sanity
    from inspect_tool.runs.sanity.saved_run import SavedRun

    asked = against or (["chat-template"] if kwargs else None)
    specs = parse_targets(asked, kwargs or [], cwd=Path.cwd()) if asked else None
    fills = tuple(parse_fill(item) for item in fill or ())
    options = Options(fills, tuple(stop or ()), TIMEOUT)
    saved = SavedRun.read(run.absolute())
    with AxolotlWorker() as worker:
        report = Sanity(saved, worker, specs, options, waiting).report(rows=row)
    if as_json:
        print(json.dumps(report.to_json()))
    else:
        sys.stdout.write(sanity_text(report, look_of(sys.stdout, color=color)))
    for failure in report.failures:
        if failure.row < 0:
            say(f"{failure.target}: {failure.message}")
    if report.differs:
        return int(ExitCode.FINDINGS)
    return int(ExitCode.USAGE if report.failures else ExitCode.OK)
