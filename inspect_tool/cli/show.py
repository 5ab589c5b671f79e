"""``inspect-tool show``: samples as text or JSON lines, the same colours without the app."""

from typing import Annotated

import typer

from inspect_tool.cli.options import Color, ConfigOption, DatasetPath, JsonFlag, TokenizerOption

HELP = """Print samples: which tokens are trained, which are masked.

On a terminal trained text is green and bold, masked text dim, special tokens are magenta. Without
colour (--plain, NO_COLOR, a pipe) runs of trained text stand between ⟦ and ⟧, special tokens
between ⟪ and ⟫; where only ASCII can be printed, between {+ and +}, {| and |}. Control characters
and other invisible ones appear as ␛ or ⟨202E⟩, never as themselves.

The first 3 samples are printed; with --json every sample, one JSON object a line
(docs/schemas/show.json).

\b
Examples:
  inspect-tool show qlora.yml
  inspect-tool show last_run_prepared --tokenizer mistralai/Mistral-7B-v0.1 --row 7 --row 12
  inspect-tool show qlora.yml --split eval --limit 10 --plain | less
  inspect-tool show qlora.yml --json | jq '.sequences[0].tokens | map(select(.trained)) | length'
"""

Rows = Annotated[
    list[int] | None,
    typer.Option("--row", help="Print this row, counted from 0; repeatable.", show_default=False),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=0, help="Print at most so many samples.", show_default=False),
]
Split = Annotated[
    str | None,
    typer.Option("--split", help="Print only train, eval or test samples.", show_default=False),
]
Plain = Annotated[bool, typer.Option("--plain", help="Marks instead of colours.")]
AsciiOnly = Annotated[bool, typer.Option("--ascii", help="Print ASCII alone; implies --plain.")]
Ids = Annotated[bool, typer.Option("--ids", help="Print each token's id after it.")]
Why = Annotated[
    bool,
    typer.Option(
        "--why", help="With --json: each token's rule and raw characters, as axolotl says."
    ),
]
Whitespace = Annotated[bool, typer.Option("--whitespace", help="Make white space visible.")]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        min=20,
        help="Wrap to so many columns; default: the terminal's.",
        show_default=False,
    ),
]


def show(
    *,
    path: DatasetPath = None,
    config: ConfigOption = None,
    tokenizer: TokenizerOption = None,
    row: Rows = None,
    limit: Limit = None,
    split: Split = None,
    plain: Plain = False,
    ascii_only: AsciiOnly = False,
    ids: Ids = False,
    whitespace: Whitespace = False,
    color: Color = "auto",
    width: Width = None,
    why: Why = False,
    as_json: JsonFlag = False,
) -> int:
    """Print samples as text or JSON lines."""
    import sys

    from inspect_tool.cli.quick import Request
    from inspect_tool.cli.samples import FIRST, Choice, print_json, print_text
    from inspect_tool.report.look import look_of

    if row and split:
        raise typer.BadParameter("--row and --split exclude each other")
    if why and not as_json:
        raise typer.BadParameter("--why goes with --json; `inspect-tool why` prints text")
    request = Request(path=path, config=config, tokenizer=tokenizer)
    choice = Choice(rows=tuple(row or ()), split=split, limit=limit)
    if why:
        from inspect_tool.cli.explain import print_why

        return print_why(request, choice=choice)
    if as_json:
        return print_json(request, choice=choice)
    if limit is None and not row:
        choice = Choice(split=split, limit=FIRST)
    without_color: bool = plain or ascii_only
    look = look_of(
        sys.stdout,
        color="never" if without_color else color,
        ascii_only=ascii_only,
        width=width,
    )
    return print_text(
        request, choice=choice, look=look.with_details(ids=ids, whitespace=whitespace)
    )
