"""``inspect-tool memory``: bytes on each GPU by part, and what to change so that it fits."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import Color, Gpu, JsonFlag, Nodes, Processes, Start, StrategyOption

HELP = """Estimate the memory that CONFIG takes on each GPU, part by part.

Weights, adapters, gradients, optimizer state, activations, logits and buffers, counted on the real
model class without its weights: only its config.json is needed. Held against this machine's GPUs or
one named with --gpu: fits, tight, or what to change, each change with its own estimate.
docs/memory.md says how it is counted and how far off it was.

--model alone prints the plain table of `accelerate estimate-memory`, offline.

Exits with 1 when it does not fit, with 0 when it does or no GPU is known.

\b
Examples:
  inspect-tool memory qlora.yml --gpu rtx-4090
  inspect-tool memory full.yml --processes 8 --strategy fsdp --gpu h100-80gb
  inspect-tool memory full.yml --json | jq .per_gpu
  inspect-tool memory --model meta-llama/Meta-Llama-3-8B
"""

ConfigPath = Annotated[
    Path | None, typer.Argument(metavar="CONFIG", help="The axolotl YAML.", show_default=False)
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="PATH_OR_NAME",
        help="Whose config.json counts; default: base_model's.",
        show_default=False,
    ),
]


def memory(
    config: ConfigPath = None,
    *,
    model: ModelOption = None,
    processes: Processes = 1,
    nodes: Nodes = 1,
    strategy: StrategyOption = None,
    gpu: Gpu = None,
    start: Start = None,
    color: Color = "auto",
    as_json: JsonFlag = False,
) -> int:
    """Print the estimate, or accelerate's table where no config is given."""
    import sys

    from inspect_tool.cli.sizing import Sizing, print_plain, print_sized
    from inspect_tool.report.look import look_of

    look = look_of(sys.stdout, color=color)
    if config is None:
        if model is None:
            raise typer.BadParameter("name a CONFIG, or a model with --model")
        if gpu or strategy or processes > 1 or nodes > 1:
            raise typer.BadParameter("--gpu, --strategy and --processes need a CONFIG")
        return print_plain(model, look, cwd=start, as_json=as_json)
    sizing = Sizing(config, model, processes, nodes, strategy, gpu, start)
    return print_sized(sizing, look, as_json=as_json)
