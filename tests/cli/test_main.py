"""What a command line means, how it ends, and that nothing ends with a traceback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from inspect_tool import __version__
from inspect_tool.__main__ import main
from inspect_tool.cli import COMMANDS
from inspect_tool.cli.quick import Request, quick_request
from inspect_tool.cli.view import view
from inspect_tool.errors import InspectError
from tests.arrow_files import answered, save, supervised
from tests.processes import ARGV, TIMEOUT, environment, run, run_in_terminal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A prepared folder of five rows."""
    return save(tmp_path / "rows", supervised([answered(range(5, 25), prompt=9)] * 5))


def test_commands_are_those_of_typer() -> None:
    """The names known before typer is imported are the names that typer knows."""
    from inspect_tool.cli.app import app

    assert {command.name for command in app.registered_commands} == set(COMMANDS)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("", Request()),
        ("x.yml", Request(Path("x.yml"))),
        ("x.yml --tokenizer a/b", Request(Path("x.yml"), tokenizer="a/b")),
        ("--config=c.yml x", Request(Path("x"), config=Path("c.yml"))),
        ("x.yml --live", Request(Path("x.yml"), live=True)),
        ("--tokenizer t --config c.yml", Request(config=Path("c.yml"), tokenizer="t")),
        ("show", None),
        ("version x.yml", None),
        ("--help", None),
        ("x.yml --help", None),
        ("x.yml y.yml", None),
        ("x.yml --tokenizer", None),
        ("x.yml --config --tokenizer", None),
        ("x.yml --unknown", None),
    ],
)
def test_quick_line(line: str, request_: Request | None) -> None:
    """Only the plain line is understood without typer."""
    assert quick_request(line.split()) == request_


def test_live_needs_a_terminal() -> None:
    """Where no app can run, --live is refused with what does the same as text."""
    with pytest.raises(InspectError, match="why CONFIG --raw 0"):
        view(Request(Path("x.yml"), live=True))


def test_a_misspelt_command_is_told() -> None:
    """A word that is no path but nearly a command gets the command named."""
    with pytest.raises(InspectError, match="inspect-tool show"):
        quick_request(["shwo", "x.yml"])


def test_a_folder_by_a_commands_name_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that exists is a path, however it is called."""
    (tmp_path / "shows").mkdir()
    monkeypatch.chdir(tmp_path)

    assert quick_request(["shows"]) == Request(Path("shows"))


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=str)
def test_help_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself on stdout and shows how it is used."""
    status = main([*command, "--help"])

    text = capsys.readouterr().out
    assert status == 0
    assert "Usage: inspect-tool" in text
    assert "Example" in text
    assert "  inspect-tool " in text


@pytest.mark.parametrize("line", ["version", "--version"])
def test_version(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both ways to ask for the version print it."""
    assert main([line]) == 0
    assert capsys.readouterr().out == f"inspect-tool {__version__}\n"


@pytest.mark.parametrize(
    "line",
    [
        ["show", "--foo"],
        ["show", "x", "y"],
        ["show", "--row", "one"],
        ["show", "--row", "0", "--split", "train"],
        ["show", "--limit", "-1"],
        ["prepare"],
        ["x.yml", "--foo"],
        ["x.yml", "y.yml"],
        ["--config"],
        ["no/such/file.yml"],
        ["show", "no/such/file.yml"],
        ["show", "/dev/null"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Usage errors and missing files: status 2, one line on stderr, nothing on stdout."""
    status = main(line)

    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith("inspect-tool: ")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err


def test_errors_are_said_safely(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file's name cannot write to the terminal through an error message."""
    hostile = tmp_path / "a\x1b]0;owned\x07\u202e\n.yml"

    assert main(["show", str(hostile)]) == 2

    message = capsys.readouterr().err
    assert "␛]0;owned␇⟨202E⟩" in message
    assert not set(message) & {"\x1b", "\x07", "\u202e"}


def test_the_module_runs(folder: Path) -> None:
    """`python -m inspect_tool` is the command."""
    answer = run("show", folder, "--limit", 1)

    assert answer.returncode == 0
    assert "row 0" in answer.stdout


def test_without_a_terminal_the_path_alone_prints_samples(folder: Path) -> None:
    """In a pipe `inspect-tool PATH` prints what `show PATH` prints."""
    plain, shown = run(folder), run("show", folder)

    assert (plain.returncode, plain.stdout) == (0, shown.stdout)


def test_a_dumb_terminal_gets_text(folder: Path) -> None:
    """Where no app can be drawn samples are printed, without colour."""
    shown = run_in_terminal(folder, env={"TERM": "dumb"})

    assert shown.status == 0
    assert b"row 2" in shown.raw
    assert b"\x1b" not in shown.raw


def test_a_reader_that_stops_is_no_error(folder: Path) -> None:
    """A closed pipe ends the command quietly."""
    save(folder, supervised([answered(range(5, 500), prompt=9)] * 2000))
    with subprocess.Popen(
        [*ARGV, "show", str(folder), "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(None),
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith(b'{"row":0')
        child.stdout.close()
        talk = child.stderr.read()
        status = child.wait(TIMEOUT)

    assert status == 0
    assert b"Traceback" not in talk
    assert b"Broken" not in talk


def test_interrupting_is_quiet(tmp_path: Path) -> None:
    """Ctrl-C ends the command with a shell's status and no traceback."""
    save(tmp_path, supervised([answered(range(5, 500), prompt=9)] * 20_000))
    with subprocess.Popen(
        [*ARGV, "show", str(tmp_path), "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(None),
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        os.killpg(child.pid, signal.SIGINT)
        _, talk = child.communicate(timeout=TIMEOUT)

    assert child.returncode == 130
    assert b"Traceback" not in talk


def test_a_full_disk_is_one_line(folder: Path) -> None:
    """When stdout cannot be written the reason is said."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        answer = subprocess.run(
            [*ARGV, "show", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env=environment(None),
        )

    assert answer.returncode == 2
    assert "No space left" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-"])
def test_closed_streams(closed: str, folder: Path) -> None:
    """A command that is started without one of its streams does its work all the same."""
    line = shlex.join([*ARGV, "show", str(folder)])

    answer = subprocess.run(
        ["/bin/sh", "-c", f"{line} {closed}"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        env=environment(None),
    )

    assert answer.returncode == 0
    assert "Traceback" not in answer.stderr
    assert ("row 0" in answer.stdout) is not closed.startswith(">")
