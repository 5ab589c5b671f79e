"""``inspect-tool report``: one self-contained HTML page about a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import ConfigOption, DatasetPath, TokenizerOption
from inspect_tool.report.html_rows import LIMIT

HELP = """Write one HTML page: census, findings, coloured samples, the config.

The page holds everything it needs: it opens from a file, without a network, prints, and can be
passed on. It shows dataset text and paths of this machine; values of keys that unlock something
(tokens, API keys) are left out of the config.

Every check runs over the whole dataset. Rows with a problem are shown first, then the first rows;
--row shows these rows instead. The exit status is 0 whatever was found; `check` is for CI.

\b
Examples:
  inspect-tool report qlora.yml -o report.html
  inspect-tool report qlora.yml -o report.html --limit 200
  inspect-tool report last_run_prepared -o row.html --row 12 --tokenizer mistralai/Mistral-7B-v0.1
"""

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page to write.")]
Rows = Annotated[
    list[int] | None,
    typer.Option(
        "--row",
        "--rows",
        min=0,
        help="Show this row, counted from 0; repeatable.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=0, help="Show at most so many samples.")]


def report(
    *,
    path: DatasetPath = None,
    output: Output,
    row: Rows = None,
    limit: Limit = LIMIT,
    config: ConfigOption = None,
    tokenizer: TokenizerOption = None,
) -> int:
    """Write the page and say on stdout what it shows."""
    from contextlib import closing
    from datetime import datetime

    from inspect_tool.cli.quick import Request
    from inspect_tool.cli.samples import Choice, opened_for
    from inspect_tool.report.html import Contents
    from inspect_tool.report.html_file import refuse_other_files, write_page
    from inspect_tool.report.html_rows import chosen_rows
    from inspect_tool.samples.checks.run import check

    refuse_other_files(output)
    opened = opened_for(Request(path=path, config=config, tokenizer=tokenizer))
    with closing(opened.dataset):
        asked = list(Choice(rows=tuple(row)).rows_of(opened)) if row else []
        values = opened.target.config.values if opened.target.config else None
        checked = check(opened.dataset, opened.vocabulary, config=values)
        rows = chosen_rows(checked.findings, len(opened.dataset), asked=asked, limit=limit)
        made = datetime.now().astimezone()
        write_page(Contents(opened=opened, checked=checked, rows=rows, made=made), output)
    problems = sum(finding.severity != "info" for finding in checked.findings)
    noun = "problem" if problems == 1 else "problems"
    print(f"{output}: {len(rows):,} of {checked.census.rows:,} rows shown, {problems} {noun} found")
    return 0
