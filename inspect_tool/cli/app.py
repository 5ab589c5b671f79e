"""The typer application: every command by name, and usage errors as one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from inspect_tool.cli import (
    check,
    clean,
    debug,
    diff,
    doctor,
    hang,
    ledger,
    memory,
    open_app,
    prepare,
    report,
    sanity,
    scale,
    serve,
    show,
    version,
    vscode,
    why,
)
from inspect_tool.cli.exits import PROGRAM
from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.runs.debug_choice import Chosen

HELP = """See what axolotl trains on.

`inspect-tool PATH` opens the app on a YAML, a prepared folder (last_run_prepared/<hash>), its
parent, a run folder or a directory. Without a terminal it prints what `show` prints.

\b
Examples:
  inspect-tool qlora.yml
  inspect-tool last_run_prepared --tokenizer mistralai/Mistral-7B-v0.1
  inspect-tool show qlora.yml --row 12
  inspect-tool show qlora.yml --json | jq .row

\b
Exit status:
  0 fine, 1 findings, 2 usage or bad input, 3 the run or the worker failed.
"""

CLICK_ERROR: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)
"""The base of all usage errors; typer brings click or a copy of its own, by version."""

app = typer.Typer(
    help=HELP,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    _version: bool = typer.Option(
        False, "--version", callback=version.print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options that stand before any command."""


app.command(name="open", help=open_app.HELP)(open_app.open_app)
app.command(name="show", help=show.HELP)(show.show)
app.command(name="why", help=why.HELP)(why.why)
app.command(name="diff", help=diff.HELP)(diff.diff)
app.command(name="ledger", help=ledger.HELP)(ledger.ledger)
app.command(name="check", help=check.HELP)(check.check)
app.command(name="report", help=report.HELP)(report.report)
app.command(name="serve", help=serve.HELP)(serve.serve)
app.command(name="prepare", help=prepare.HELP)(prepare.prepare)
app.command(name="debug", help=debug.HELP)(debug.debug)
app.command(name="sanity", help=sanity.HELP)(sanity.sanity)
app.command(name="memory", help=memory.HELP)(memory.memory)
app.command(name="scale", help=scale.HELP)(scale.scale)
app.command(name="hang", help=hang.HELP)(hang.hang)
app.command(name="clean", help=clean.HELP)(clean.clean)
app.command(name="vscode", help=vscode.HELP)(vscode.vscode)
app.command(name="doctor", help=doctor.HELP)(doctor.doctor)
app.command(name="version", help=version.HELP)(version.version)


def run(arguments: list[str], *, in_process: Callable[[Chosen], int] | None = None) -> int:
    """Run one command line; usage errors become InspectError, all else is left to the caller.

    ``in_process`` carries out what ``debug`` was asked for, instead of a process of its own.
    """
    command = typer.main.get_command(app)
    try:
        with command.make_context(PROGRAM, arguments, obj=in_process) as context:
            status = command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    except CLICK_ERROR as error:
        raise _usage(error) from None
    return status if isinstance(status, int) else 0


def _usage(error: Exception) -> InspectError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else PROGRAM
    message = str(getattr(error, "format_message", lambda: error)())
    return InspectError(message.rstrip("."), fix=f"try `{path} --help`")
