"""``inspect-tool vscode``: debug configurations, tasks and completion for a project in VS Code."""

from pathlib import Path
from typing import Annotated

import typer

from inspect_tool.cli.options import JsonFlag

HELP = """Write or update .vscode of a project, so that F5 debugs its axolotl YAMLs.

PATH is the project's folder, or a YAML in it (then the folder of its .git or .vscode, else its
own). launch.json, tasks.json, settings.json and extensions.json are merged: what is ours is
replaced by name, everything else and every comment stays, and a backup is kept beside each changed
file. Twice in a row changes nothing. With axolotl installed its YAMLs get completion and validation
from axolotl's own schema. docs/vscode.md walks through it.

\b
Examples:
  inspect-tool vscode
  inspect-tool vscode my-project --dry-run
  inspect-tool vscode qlora.yml --check
  inspect-tool vscode my-project --ranks 4
"""

ProjectPath = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH", help="A folder, or a YAML in it; default: here.", show_default=False
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit with 1 when a file is not current.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the changes and write nothing.")]
Ranks = Annotated[
    int | None,
    typer.Option(
        "--ranks",
        min=1,
        max=64,
        help="Ranks that 'Attach: all ranks' attaches to; default: as it is there, at first 2.",
        show_default=False,
    ),
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="FILE",
        help="The interpreter to start; default: the one that runs this.",
        show_default=False,
    ),
]


def vscode(
    path: ProjectPath = None,
    *,
    check: Check = False,
    dry_run: DryRun = False,
    ranks: Ranks = None,
    python: Python = None,
    as_json: JsonFlag = False,
) -> int:
    """Merge, then write, print or compare."""
    from inspect_tool.cli.vscoding import Asked, update

    asked = Asked(
        path=path or Path(),
        check=check,
        dry_run=dry_run,
        ranks=ranks,
        python=python,
        as_json=as_json,
    )
    return update(asked)
