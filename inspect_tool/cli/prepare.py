"""``inspect-tool prepare``: axolotl's own preprocess, in a folder of this tool."""

from pathlib import Path
from typing import Annotated

import typer

HELP = """Prepare CONFIG with axolotl, to be looked at; print the folder.

Runs the real `axolotl preprocess` into .inspect/prepared/<name of the config>. Your own prepared
folder and output folder are not written, nothing is pushed anywhere. Axolotl's output goes to a
log beside the folder.

\b
Examples:
  inspect-tool prepare qlora.yml && inspect-tool qlora.yml
  inspect-tool prepare qlora.yml --dry-run
"""

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The axolotl YAML.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the command and run nothing.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Print axolotl's output on stderr.")]


def prepare(config: ConfigPath, *, dry_run: DryRun = False, verbose: Verbose = False) -> int:
    """Prepare a config and print the new folder on stdout."""
    from inspect_tool.cli.exits import say
    from inspect_tool.cli.failing import explained
    from inspect_tool.runs.config import Config
    from inspect_tool.runs.prepare import prepare as prepare_with_axolotl
    from inspect_tool.runs.prepare import prepare_launch

    read = Config.read(config.absolute())
    if dry_run:
        print(prepare_launch(read).command())
        return 0
    say("axolotl preprocess is running (some tens of seconds) ...")
    with explained():
        print(prepare_with_axolotl(read, on_line=say if verbose else None))
    return 0
