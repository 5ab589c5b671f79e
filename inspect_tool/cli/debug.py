"""``inspect-tool debug``: a config as a small, safe, one-process run under a debugger."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from inspect_tool.cli.options import JsonFlag, Start

HELP = """Run CONFIG small and safe, in one process, under a debugger.

The first rows of the data, a tiny random model of the same architecture with your tokenizer, a few
steps; on one GPU or the CPU. Nothing of yours is written, nothing is pushed or logged elsewhere:
all of it stays in .inspect/runs/<name>. --dry-run shows every changed key with its reason;
--keep and --set overrule it.

The run waits for a debugger on 127.0.0.1 (VS Code: attach to that port, "justMyCode": false).
--stop-at stops it in axolotl's own source: tokenize, mask, collate, forward, loss, optimizer,
evaluate, save, nan (the first loss that is not finite).

\b
Examples:
  inspect-tool debug qlora.yml --dry-run
  inspect-tool debug qlora.yml --stop-at loss
  inspect-tool debug qlora.yml --no-debugger --steps 20
  inspect-tool debug qlora.yml --set datasets.0.path=my.jsonl --keep sample_packing
  inspect-tool debug gated.yml --like llama --tokenizer my-tokenizer
"""

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The axolotl YAML.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and run nothing.")]
NoDebugger = Annotated[bool, typer.Option("--no-debugger", help="Just run, wait for no debugger.")]
Stage = Annotated[
    Literal["train", "preprocess"], typer.Option("--stage", help="Which part of axolotl to run.")
]
Port = Annotated[int, typer.Option("--port", help="The debugger's port; 0 takes a free one.")]
DeviceOption = Annotated[
    Literal["auto", "cpu", "cuda"], typer.Option("--device", help="What to train on.")
]
Steps = Annotated[
    int | None,
    typer.Option("--steps", min=1, help="Training steps; 4 if not given.", show_default=False),
]
Rows = Annotated[int, typer.Option("--rows", min=1, help="Rows taken from each dataset.")]
Memorize = Annotated[
    int | None,
    typer.Option(
        "--memorize",
        metavar="N",
        min=1,
        help="Learn N rows of each dataset by heart, for `inspect-tool sanity`.",
        show_default=False,
    ),
]
Evaluate = Annotated[bool, typer.Option("--evaluate", help="Evaluate on some of the rows, too.")]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="KEY", help="Leave this key as it is.", show_default=False),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key (dotted).", show_default=False),
]
FullModel = Annotated[bool, typer.Option("--full-model", help="Train base_model itself.")]
Like = Annotated[
    str | None,
    typer.Option(
        "--like",
        metavar="ARCHITECTURE",
        help="A tiny model of this architecture, without the base model.",
        show_default=False,
    ),
]
Tokenizer = Annotated[
    str | None,
    typer.Option(
        "--tokenizer", metavar="PATH_OR_NAME", help="Another tokenizer.", show_default=False
    ),
]
StopAt = Annotated[
    list[str] | None,
    typer.Option(
        "--stop-at", metavar="NAME", help="Stop there, in axolotl's source.", show_default=False
    ),
]
Break = Annotated[
    list[str] | None,
    typer.Option(
        "--break", metavar="FILE:LINE", help="Stop at this line each time.", show_default=False
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", help="The run folder's name.", show_default=False)
]
Reuse = Annotated[
    bool,
    typer.Option(
        "--reuse", help="If a run waits for a debugger on the port, say so and start none."
    ),
]
Validate = Annotated[
    bool, typer.Option("--validate", help="With --dry-run: ask axolotl whether it takes the plan.")
]
Traceback = Annotated[
    bool, typer.Option("--traceback", help="If the run fails, print its traceback again, whole.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Do not show axolotl's output.")]


def debug(
    context: typer.Context,
    config: ConfigPath,
    *,
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
    no_debugger: NoDebugger = False,
    stage: Stage = "train",
    port: Port = 5678,
    device: DeviceOption = "auto",
    steps: Steps = None,
    rows: Rows = 64,
    memorize: Memorize = None,
    evaluate: Evaluate = False,
    keep: Keep = None,
    settings: Settings = None,
    full_model: FullModel = False,
    like: Like = None,
    tokenizer: Tokenizer = None,
    stop_at: StopAt = None,
    breaks: Break = None,
    name: Name = None,
    start: Start = None,
    reuse: Reuse = False,
    validate: Validate = False,
    traceback: Traceback = False,
    quiet: Quiet = False,
) -> int:
    """Plan a debug run, then print the plan or carry it out."""
    from inspect_tool.cli.debugging import carry_out, print_plan
    from inspect_tool.runs.debug import DebugOptions
    from inspect_tool.runs.debug_choice import Chosen
    from inspect_tool.runs.overrides.draft import parse_setting
    from inspect_tool.runs.tiny.source import ModelChoice

    if as_json and not dry_run:
        raise typer.BadParameter("--json needs --dry-run")
    if validate and not dry_run:
        raise typer.BadParameter("--validate needs --dry-run")
    options = DebugOptions(
        stage=stage,
        debugger=not no_debugger,
        port=port,
        steps=steps,
        rows=rows,
        memorize=memorize,
        evaluate=evaluate,
        keep=tuple(keep or ()),
        given=dict(parse_setting(text) for text in settings or ()),
        model=ModelChoice(full=full_model, like=like, tokenizer=tokenizer),
    )
    chosen = Chosen(
        config=config,
        options=options,
        device=device,
        stop_at=tuple(stop_at or ()),
        breaks=tuple(breaks or ()),
        name=name,
        cwd=start,
    )
    if dry_run:
        return print_plan(chosen, as_json=as_json, validate=validate)
    carry = context.obj or partial(carry_out, quiet=quiet, reuse=reuse, traceback=traceback)
    return int(carry(chosen))
