"""``inspect-tool diff``: the training rendering held against what inference sends."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from inspect_tool.cli.options import Color, Fills, JsonFlag, Kwargs, Stops
from inspect_tool.prompts.inference.specs import TIMEOUT

HELP = """Hold what training saw before each answer against what inference sends.

For each raw row of CONFIG axolotl's own rendering is compared, token by token, with the prompt of
each target, and the trained end of the answer with what stops generation. Every difference has a
cause, evidence and a fix (docs/diff.md). Exits with 1 when anything differs, with 0 when all agree.

\b
Targets (--against, repeatable):
  chat-template              the tokenizer's chat template with add_generation_prompt
  chat-template:NAME_OR_FILE one of axolotl's templates, or a file
  saved:DIR                  tokenizer and template of an output_dir
  axolotl[:PROMPTER]         what `axolotl inference` sends
  text:FILE                  a prompt with {placeholders}, as people write f-strings
  messages:FILE              a JSON list of messages with {placeholders}
  python:MODULE:FUNCTION     gets the raw row, returns a text, ids or messages
  openai:URL                 a running vLLM server
  ollama:FILE                a Modelfile (needs Go)

\b
Examples:
  inspect-tool diff qlora.yml --against chat-template
  inspect-tool diff qlora.yml --against text:prompt.txt --fill nlq=question
  inspect-tool diff qlora.yml --against saved:./out --against openai:http://127.0.0.1:8000
  inspect-tool diff qlora.yml --against chat-template --kwargs enable_thinking=false
  inspect-tool diff qlora.yml --against chat-template --json | jq .targets
  inspect-tool diff qlora.yml --version-pair prepared-0.18/9f3c prepared-0.19/9f3c
"""

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The axolotl YAML.")]
Against = Annotated[
    list[str] | None,
    typer.Option("--against", metavar="WHAT", help="A target; repeatable.", show_default=False),
]
Rows = Annotated[
    list[int] | None,
    typer.Option(
        "--row", help="Compare this raw row, counted from 0; repeatable.", show_default=False
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Compare at most so many rows.", show_default=False),
]
Split = Annotated[
    Literal["train", "test"], typer.Option("--split", help="datasets or test_datasets.")
]
Pair = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--version-pair",
        metavar="BEFORE AFTER",
        help="Compare two prepared folders of CONFIG instead.",
        show_default=False,
    ),
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds that a server may take for a row.")
]


def diff(
    config: ConfigPath,
    *,
    against: Against = None,
    kwargs: Kwargs = None,
    fill: Fills = None,
    stop: Stops = None,
    row: Rows = None,
    limit: Limit = None,
    split: Split = "train",
    version_pair: Pair = None,
    timeout: Timeout = TIMEOUT,
    color: Color = "auto",
    as_json: JsonFlag = False,
) -> int:
    """Compare, and print what differs."""
    from inspect_tool.cli.diffing import Asked, run_diff, run_pair

    if bool(against) == (version_pair is not None):
        raise typer.BadParameter("give --against WHAT, or --version-pair BEFORE AFTER")
    asked = Asked(
        config=config,
        split=split,
        rows=tuple(row) if row else None,
        limit=limit,
        color=color,
        as_json=as_json,
    )
    if version_pair is not None:
        if kwargs or fill or stop or row or limit or split != "train":
            raise typer.BadParameter("--version-pair compares all rows, and takes no other option")
        return run_pair(asked, version_pair)
    return run_diff(
        asked,
        against=against or [],
        kwargs=kwargs or [],
        fills=fill or [],
        stops=tuple(stop or ()),
        timeout=timeout,
    )
