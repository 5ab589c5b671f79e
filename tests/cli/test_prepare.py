"""`prepare` says what it would run, and refuses what axolotl would store nothing for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "base_model: m\ndatasets: [{path: d.jsonl, type: alpaca}]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one config in it, which is the current directory."""
    (tmp_path / "c.yml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_dry_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command is printed, with our own folders in it, and nothing is made."""
    assert main(["prepare", "c.yml", "--dry-run"]) == 0

    command = capsys.readouterr().out
    assert "-m axolotl.cli.preprocess" in command
    assert "--dataset_prepared_path=.inspect/prepared/c" in command
    assert [path.name for path in project.iterdir()] == ["c.yml"]


def test_a_config_that_is_not_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is named."""
    assert main(["prepare", "other.yml"]) == 2
    assert str(project / "other.yml") in capsys.readouterr().err


def test_a_config_that_stores_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The key because of which nothing is stored is named with its line."""
    (project / "c.yml").write_text(f"{CONFIG}streaming: true\n")

    assert main(["prepare", "c.yml"]) == 2

    message = capsys.readouterr().err
    assert "c.yml:3" in message
    assert "streaming" in message
