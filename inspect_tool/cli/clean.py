"""``inspect-tool clean``: room made by removing what ended runs cached."""

from pathlib import Path
from typing import Annotated

import typer

HELP = """Remove the caches of ended debug runs: of PATH's config, or of all below a folder.

Removed are hf_datasets, prepared and out of each run in .inspect/runs; its plan, config, log,
status and metrics stay. Runs that go on are left alone, and so is everything outside of .inspect.

\b
Examples:
  inspect-tool clean qlora.yml
  inspect-tool clean .
"""

CleanPath = Annotated[
    Path | None,
    typer.Argument(metavar="PATH", help="A YAML, or a folder; default: here.", show_default=False),
]


def clean(path: CleanPath = None) -> int:
    """Remove, and print what was."""
    from inspect_tool.errors import InspectError
    from inspect_tool.runs.clean import clean_runs
    from inspect_tool.runs.config import Config
    from inspect_tool.runs.journal import plain_name
    from inspect_tool.runs.match import prepared_by
    from inspect_tool.samples.glyphs import safe

    given = (path or Path()).absolute()
    if given.is_dir():
        cwd, name = given, None
    elif given.exists():
        config = Config.read(given)
        cwd, name = prepared_by(config).cwd, plain_name(config.path.stem)
    else:
        raise InspectError("no such file or folder", place=given)
    cleaned = clean_runs(cwd, name=name)
    for item in cleaned:
        said = f"{item.size / 1e6:.1f} MB removed ({', '.join(item.removed)})"
        done = "still running, left alone" if item.live else said if item.removed else None
        if done:
            print(safe(f"{item.run}: {done}", newline=" "))
    if not any(item.removed or item.live for item in cleaned):
        print(safe(f"{cwd}: nothing to remove", newline=" "))
    return 0
