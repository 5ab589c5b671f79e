"""``inspect-tool version``: the one line that a bug report needs first."""

import typer

HELP = """Print the version.

\b
Example:
  inspect-tool version
"""


def version() -> None:
    """Print the version on stdout."""
    from inspect_tool import __version__

    print(f"inspect-tool {__version__}")


def print_version(asked: bool) -> None:
    """Answer ``--version`` before anything else is looked at."""
    if asked:
        version()
        raise typer.Exit
