"""``inspect-tool why``: the rule behind every token of a sample, and where its text came from."""

from typing import Annotated

import typer

from inspect_tool.cli.options import Color, ConfigOption, DatasetPath, JsonFlag, TokenizerOption

HELP = """Say why each token is trained or masked, and where it came from.

A prepared row is traced back to the raw row that axolotl made it of: file, line, field and
characters. Each stretch of tokens is named with its rule; below stand the rules, each with the
YAML key that would change it (docs/why.md). Rules come from axolotl's own code, run on the raw
row; where the tool infers, a question mark follows the rule.

With --raw the config need not be prepared. With --json one object a row, as `show --json`, each
token with its `why` (docs/schemas/why.json).

\b
Examples:
  inspect-tool why qlora.yml --row 12
  inspect-tool why qlora.yml --row 12 --token 40
  inspect-tool why last_run_prepared --config qlora.yml --row 0 --json | jq .origin
  inspect-tool why qlora.yml --raw 3
"""

Rows = Annotated[
    list[int] | None,
    typer.Option("--row", help="A prepared row, counted from 0; repeatable.", show_default=False),
]
Raw = Annotated[
    int | None,
    typer.Option(
        "--raw", min=0, help="A raw row instead, as axolotl renders it now.", show_default=False
    ),
]
Dataset = Annotated[
    int, typer.Option("--dataset", min=0, help="With --raw: which item of datasets.")
]
Token = Annotated[
    int | None,
    typer.Option("--token", min=0, help="All about this one token.", show_default=False),
]


def why(
    *,
    path: DatasetPath = None,
    config: ConfigOption = None,
    tokenizer: TokenizerOption = None,
    row: Rows = None,
    raw: Raw = None,
    dataset: Dataset = 0,
    token: Token = None,
    color: Color = "auto",
    as_json: JsonFlag = False,
) -> int:
    """Explain rows of a dataset."""
    from inspect_tool.cli.explain import Asked, explain
    from inspect_tool.cli.quick import Request

    if bool(row) == (raw is not None):
        raise typer.BadParameter("name a prepared row with --row, or a raw one with --raw")
    request = Request(path=path, config=config, tokenizer=tokenizer)
    asked = Asked(
        rows=tuple(row or ()), raw=raw, dataset=dataset, token=token, as_json=as_json, color=color
    )
    return explain(request, asked)
