"""Arguments and options that several commands share, so that they mean the same everywhere."""

from pathlib import Path
from typing import Annotated

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
