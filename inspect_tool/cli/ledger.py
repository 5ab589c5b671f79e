"""``inspect-tool ledger``: what became of every raw row of a config."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import Color, JsonFlag

HELP = """Say what became of every raw row: prepared (as which row), truncated, dropped, and why.

Every raw row is rendered through axolotl and looked for in the prepared dataset by its tokens and
labels, through shuffles, merges and drops. Without a prepared dataset it says what axolotl would
drop. Prepared rows that come from no raw row are counted too: they make a folder stale.

Rows that came through whole are left out unless --all is given. With --json one document
(docs/schemas/ledger.json) with every row.

\b
Examples:
  inspect-tool ledger qlora.yml
  inspect-tool ledger qlora.yml --json | jq '.ledgers[].rows[] | select(.fate == "dropped")'
"""

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The axolotl YAML.")]
Every = Annotated[bool, typer.Option("--all", help="List every row, also those that are whole.")]


def ledger(
    config: ConfigPath, *, every: Every = False, color: Color = "auto", as_json: JsonFlag = False
) -> int:
    """Print the ledger of a config."""
    import sys

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.cli.progress import Progress, waiting
    from inspect_tool.report.ledger_text import ledger_text
    from inspect_tool.report.look import look_of
    from inspect_tool.report.plain_values import json_text
    from inspect_tool.runs.ledgers import ledgers
    from inspect_tool.runs.target import resolve

    target = resolve(config)
    written = []
    with AxolotlWorker() as worker, Progress("rendering raw rows") as bar:
        waiting("starting axolotl (some seconds) ...")
        for found in ledgers(target, worker, progress=bar.update):
            bar.clear()
            if as_json:
                written.append(found.to_json())
            else:
                look = look_of(sys.stdout, color=color)
                sys.stdout.write(ledger_text(found.ledger, look, found.place, every=every))
    if as_json:
        print(json_text({"config": str(config), "ledgers": written}))
    return 0
