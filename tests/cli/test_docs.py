"""docs/cli.md names the commands and options that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from inspect_tool.cli import COMMANDS
from inspect_tool.cli.app import app
from inspect_tool.errors import ExitCode

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    inspect-tool (show .*?)(?:  .*| \|.*)?$", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "open"])
def test_every_command_is_in_the_table(command: str) -> None:
    """Each command has its row."""
    assert re.search(rf"^\| `{command}\b", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_status_is_in_the_table(code: ExitCode) -> None:
    """Each status has its row."""
    assert re.search(rf"^\| {int(code)} \|", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_parse(example: str) -> None:
    """Every example is a command line that is understood."""
    name, *arguments = shlex.split(example)
    command = typer.main.get_command(app)
    with command.make_context(
        "inspect-tool", [name, *arguments], resilient_parsing=False
    ) as context:
        subcommand = command.get_command(context, name)  # type: ignore[attr-defined]

    with subcommand.make_context(name, list(arguments)) as parsed:
        assert str(parsed.params["path"]) == "qlora.yml"


def test_there_are_examples() -> None:
    """The examples above are found at all."""
    assert len(EXAMPLES) >= 6


def test_every_option_of_show_is_explained() -> None:
    """No option is left out of the page."""
    command = typer.main.get_command(app).get_command(None, "show")  # type: ignore[attr-defined]
    options = {option for param in command.params for option in param.opts if option[:2] == "--"}

    assert {option for option in options if option not in TEXT} == set()
