"""``inspect-tool open PATH``: what ``inspect-tool PATH`` is short for."""

from typing import Annotated

import typer

from inspect_tool.cli.options import ConfigOption, DatasetPath, TokenizerOption

LiveFlag = Annotated[
    bool,
    typer.Option("--live", help="Render the raw rows of CONFIG, and again on every save."),
]
HELP = """Open the app on PATH; the word `open` may be left out.

Without a terminal it prints what `show` prints.

\b
Examples:
  inspect-tool qlora.yml
  inspect-tool qlora.yml --live
  inspect-tool open ./show --tokenizer ./tokenizer
"""


def open_app(
    *,
    path: DatasetPath = None,
    config: ConfigOption = None,
    tokenizer: TokenizerOption = None,
    live: LiveFlag = False,
) -> int:
    """Open the app, or print the first samples."""
    from inspect_tool.cli.quick import Request
    from inspect_tool.cli.view import view

    return view(Request(path=path, config=config, tokenizer=tokenizer, live=live))
