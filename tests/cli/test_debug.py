"""`debug` shows its plan, and refuses what cannot be run, before anything is written."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import typer
from jsonschema import Draft202012Validator

from inspect_tool.__main__ import main
from inspect_tool.cli.app import app
from inspect_tool.runs.journal import State, read_status
from inspect_tool.runs.stops.places import NAMES
from tests.axolotl_runs import ROOT
from tests.processes import ARGV, environment
from tests.schemas import schema

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
base_model: base
datasets: [{path: rows.jsonl, type: alpaca}]
micro_batch_size: 16
wandb_project: "p\\e[31m"
"""
DOCS = (ROOT / "docs" / "debug.md").read_text("utf-8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that could be debugged, which is the current directory."""
    (tmp_path / "base").mkdir()
    shape = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32}
    (tmp_path / "base" / "config.json").write_text(json.dumps({**shape, "vocab_size": 9}))
    (tmp_path / "base" / "tokenizer.json").write_text("{}")
    (tmp_path / "rows.jsonl").write_text('{"instruction": "a"}\n')
    (tmp_path / "c.yml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_dry_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each change is shown with its reason, hostile values made harmless, and nothing is made."""
    before = sorted(project.rglob("*"))

    assert main(["debug", "c.yml", "--dry-run"]) == 0

    shown = capsys.readouterr().out
    assert "micro_batch_size: 16 → 2" in shown
    assert "a batch that can be read" in shown
    assert "\x1b" not in shown
    assert sorted(project.rglob("*")) == before


def test_dry_run_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document that fits the schema."""
    assert main(["debug", "c.yml", "--dry-run", "--json", "--stop-at", "loss,nan"]) == 0

    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema("debug")).validate(document)
    assert document["run"] == str(project / ".inspect/runs/c-1")
    assert document["stops"]["names"] == ["loss", "nan"]


def test_a_plan_with_errors_is_a_finding(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run shows what stands in the way and exits with 1."""
    (project / "rows.jsonl").unlink()

    assert main(["debug", "c.yml", "--dry-run"]) == 1
    assert "rows.jsonl is not there" in capsys.readouterr().out


def test_a_run_with_errors_does_not_start(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first error is the one line, with its fix, and no folder is made."""
    (project / "rows.jsonl").unlink()

    assert main(["debug", "c.yml", "--port", "0"]) == 2
    assert "--set datasets.0.path=FILE" in capsys.readouterr().err
    assert not (project / ".inspect").exists()


def test_a_port_in_use(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said before anything starts, with the way out."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert main(["debug", "c.yml", "--port", str(port)]) == 2

    assert f"port {port} is in use (--port 0 takes a free one)" in capsys.readouterr().err
    assert not (project / ".inspect").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--device", "cuda"], "no GPU"),
        (["--stop-at", "nowhere"], "tokenize, mask"),
        (["--break", "x"], "not FILE:LINE"),
        (["--break", "nowhere.py:3"], "no such file"),
        (["--set", "x"], "not KEY=VALUE"),
        (["--keep", "micro_batchsize"], "did you mean micro_batch_size"),
        (["--like", "nonesuch"], "one of"),
        (["--like", "llama", "--full-model"], "exclude each other"),
        (["--name", "a/b"], "not a folder's name"),
        (["--cwd", "nowhere"], "no such folder"),
        (["--json"], "--json needs --dry-run"),
        (["--validate"], "--validate needs --dry-run"),
        (["--port", "70000"], "no such port"),
        (["--steps", "0"], "--steps"),
    ],
)
def test_options_that_cannot_be_meant(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """One line says what is wrong, and nothing is made."""
    if arguments[0] == "--like" and arguments[1] == "nonesuch":
        vocabulary = {"model": {"vocab": {"a": 0}}}
        (project / "base" / "tokenizer.json").write_text(json.dumps(vocabulary))

    assert main(["debug", "c.yml", "--port", "0", *arguments]) == 2

    message = capsys.readouterr().err
    assert said in message
    assert len(message.splitlines()) == 1
    assert not (project / ".inspect").exists()


def test_a_folder_that_cannot_be_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The place is named, and the fix."""
    (project / ".inspect").write_text("a file")

    assert main(["debug", "c.yml", "--port", "0"]) == 2
    assert "cannot be written" in capsys.readouterr().err.splitlines()[-1]


def test_a_disk_that_takes_no_more(project: Path) -> None:
    """No room for the plan is one line with the way out; the status that still fits is true."""
    child = subprocess.run(
        [*ARGV, "debug", "c.yml", "--port", "0", "--no-debugger"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env=environment(None),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )

    assert child.returncode == 2
    assert "cannot be written" in child.stderr.splitlines()[-1]
    assert "Traceback" not in child.stderr
    status = read_status(project / ".inspect" / "runs" / "c-1")
    assert status is not None
    assert status.state is State.FAILED


def test_a_folder_that_is_read_only(project: Path) -> None:
    """A project that may not be written is one line with the place and the way out."""
    mute = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
    project.chmod(0o555)
    if mute and (shutil.which("setpriv") is None or _can_write(project, mute)):
        pytest.skip("this user writes everywhere")
    try:
        child = subprocess.run(
            [*mute, *ARGV, "debug", "c.yml", "--port", "0", "--no-debugger"],
            capture_output=True,
            text=True,
            check=False,
            cwd=project,
            env=environment(None),
        )
    finally:
        project.chmod(0o755)

    assert child.returncode == 2
    assert f"{project}/.inspect" in child.stderr.splitlines()[-1]
    assert "run from a folder that can be written" in child.stderr.splitlines()[-1]


def _can_write(folder: Path, prefix: list[str]) -> bool:
    touched = subprocess.run([*prefix, "touch", folder / "x"], check=False, capture_output=True)
    (folder / "x").unlink(missing_ok=True)
    return touched.returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_stop_is_explained(name: str) -> None:
    """Each named stop has its row in docs/debug.md and is named in the help."""
    command = typer.main.get_command(app).get_command(None, "debug")  # type: ignore[attr-defined]

    assert f"| `{name}` |" in DOCS
    assert name in str(command.help)


def test_every_option_is_explained() -> None:
    """No option is left out of docs/debug.md."""
    command = typer.main.get_command(app).get_command(None, "debug")  # type: ignore[attr-defined]
    options = {option for param in command.params for option in param.opts if option[:2] == "--"}

    assert {option for option in options - {"--quiet"} if option not in DOCS} == set()
