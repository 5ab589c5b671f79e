"""``inspect-tool check``: every check over the whole dataset, for people and for CI."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import Color, ConfigOption, DatasetPath, JsonFlag, TokenizerOption

HELP = """Check every row of a dataset: counts, then what is wrong with it.

docs/checks.md describes every check by its code. Exits with 1 when there is an error or a warning,
with 0 when all is well or only worth a remark. With --json one document (docs/schemas/check.json).

--assertions FILE runs your own checks: every public function of a Python file takes a decoded
sample (text, trained_text, spans, tokens, ids, labels, columns) and refuses it by an assert; its
finding has the code A-NAME.

--lines prints each finding at the YAML key behind it and at the lines of the data that its first
rows came from, for which axolotl is asked: editors make a list of problems of it.

\b
Examples:
  inspect-tool check qlora.yml
  inspect-tool check last_run_prepared --tokenizer mistralai/Mistral-7B-v0.1
  inspect-tool check qlora.yml --ignore L-TAIL-WS --near-duplicates
  inspect-tool check qlora.yml --baseline accepted.json --write-baseline
  inspect-tool check qlora.yml --baseline accepted.json
  inspect-tool check qlora.yml --assertions my_checks.py --json | jq '.findings[].code'
"""

Codes = list[str] | None

Select = Annotated[
    Codes,
    typer.Option(
        "--select",
        metavar="CODES",
        help="Run these checks alone; codes separated by commas, repeatable.",
        show_default=False,
    ),
]
Ignore = Annotated[
    Codes,
    typer.Option("--ignore", metavar="CODES", help="Leave these checks out.", show_default=False),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Leave out findings that this file knows.",
        show_default=False,
    ),
]
WriteBaseline = Annotated[
    bool,
    typer.Option(
        "--write-baseline", help="Write the --baseline file: accept what is found now; exit 0."
    ),
]
MaxRows = Annotated[
    int, typer.Option("--max-rows", min=0, help="Rows that a finding lists in JSON.")
]
Assertions = Annotated[
    Path | None,
    typer.Option(
        "--assertions", metavar="FILE", help="Python file of your own checks.", show_default=False
    ),
]
NearDuplicates = Annotated[
    bool, typer.Option("--near-duplicates", help="Look for rows that are nearly the same, too.")
]
Lines = Annotated[
    bool,
    typer.Option("--lines", help="Print FILE:LINE: severity: message [CODE], for editors and CI."),
]


def check(
    *,
    path: DatasetPath = None,
    config: ConfigOption = None,
    tokenizer: TokenizerOption = None,
    select: Select = None,
    ignore: Ignore = None,
    baseline: BaselineFile = None,
    write_baseline: WriteBaseline = False,
    max_rows: MaxRows = 1000,
    assertions: Assertions = None,
    near_duplicates: NearDuplicates = False,
    color: Color = "auto",
    lines: Lines = False,
    as_json: JsonFlag = False,
) -> int:
    """Check a dataset and print what was found."""
    from inspect_tool.cli.checking import Checking, run_checks
    from inspect_tool.cli.quick import Request

    if write_baseline and baseline is None:
        raise typer.BadParameter("--write-baseline needs --baseline FILE")
    if lines and as_json:
        raise typer.BadParameter("--lines and --json are two ways to print")
    return run_checks(
        Request(path=path, config=config, tokenizer=tokenizer),
        Checking(
            select=_split(select),
            ignore=_split(ignore),
            baseline=baseline,
            write_baseline=write_baseline,
            max_rows=max_rows if as_json else None,
            assertions=assertions,
            near_duplicates=near_duplicates,
            color=color,
            lines=lines,
        ),
    )


def _split(codes: Codes) -> tuple[str, ...]:
    given = [part.strip() for code in codes or () for part in code.split(",")]
    return tuple(part for part in given if part)
