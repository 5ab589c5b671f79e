"""The entry point: the app as fast as it can paint, every other command through typer.

Importing this module does nothing: the axolotl worker is a spawned process that imports it again.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from inspect_tool.cli import COMMANDS
from inspect_tool.cli.exits import guarded
from inspect_tool.cli.quick import quick_request

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status (see errors.ExitCode)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: _run(given))


def _run(given: list[str]) -> int:
    request = quick_request(given)
    if request is not None:
        from inspect_tool.cli.view import view

        return view(request)
    from inspect_tool.cli.app import run

    named = bool(given) and (given[0] in COMMANDS or given[0].startswith("-"))
    return run(given if named else ["open", *given])


if __name__ == "__main__":
    sys.exit(main())
