"""Arguments and options that several commands share, so that they mean the same everywhere."""

from pathlib import Path
from typing import Annotated, Literal

import typer

DatasetPath = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH",
        help="A YAML, a prepared folder or its parent, a run folder; default: here.",
        show_default=False,
    ),
]

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The YAML that the dataset belongs to.", show_default=False),
]

TokenizerOption = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        metavar="PATH_OR_NAME",
        help="The tokenizer to read ids with, for folders that name none.",
        show_default=False,
    ),
]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

Color = Annotated[
    Literal["auto", "always", "never"],
    typer.Option("--color", help="Colour on a terminal only, always or never."),
]

Start = Annotated[
    Path | None,
    typer.Option(
        "--cwd", help="The folder that the config's paths start from.", show_default=False
    ),
]

Processes = Annotated[
    int, typer.Option("--processes", "-n", min=1, help="How many, one a GPU, over all machines.")
]

Nodes = Annotated[int, typer.Option("--nodes", min=1, help="How many machines.")]

StrategyOption = Annotated[
    Literal["ddp", "fsdp", "zero1", "zero2", "zero3"] | None,
    typer.Option(
        "--strategy", help="How the model is split; default: as CONFIG asks.", show_default=False
    ),
]

Gpu = Annotated[
    str | None,
    typer.Option(
        "--gpu",
        metavar="NAME",
        help="The GPUs, such as h100-80gb or 24gb; default: this machine's.",
        show_default=False,
    ),
]

Kwargs = Annotated[
    list[str] | None,
    typer.Option(
        "--kwargs",
        metavar="NAME=VALUE",
        help="chat_template_kwargs of the targets; each repetition is compared by itself.",
        show_default=False,
    ),
]

Fills = Annotated[
    list[str] | None,
    typer.Option(
        "--fill",
        metavar="NAME=FIELD",
        help="Where a placeholder's value is: a raw field (a.0.b), or /regex/ over the training "
        "text; repeatable.",
        show_default=False,
    ),
]

Stops = Annotated[
    list[str] | None,
    typer.Option(
        "--stop",
        metavar="TOKEN",
        help="A token that the server stops on, too; repeatable.",
        show_default=False,
    ),
]
