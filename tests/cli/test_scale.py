"""``inspect-tool scale`` as people and scripts run it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator

from inspect_tool.cli.app import run as command
from inspect_tool.errors import ExitCode, InspectError
from tests.processes import run
from tests.scale.test_plan import YAML
from tests.schemas import schema

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A YAML whose paths start from its own folder."""
    file = tmp_path / "qlora.yml"
    file.write_text(yaml.safe_dump(YAML), "utf-8")
    return file


def test_it_prints_one_document(config: Path) -> None:
    """Valid JSON by its schema, nothing on stderr, 1 for findings; what commands read is there."""
    ended = run("scale", config, "-n", 8, "--no-axolotl", "--json", cwd=config.parent)

    assert (ended.returncode, ended.stderr) == (ExitCode.FINDINGS, "")
    document = json.loads(ended.stdout)
    Draft202012Validator(schema("scale")).validate(document)
    assert all((config.parent / path).is_file() for path in document["commands"][0]["files"])


def test_a_config_that_is_meant_for_the_fleet_is_fine(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tuned on as many processes, nothing is wrong with it."""
    options = ("-n", 8, "--tuned-on", 8, "--no-axolotl", "--gpu", "h100")
    (config.parent / "rows.jsonl").write_text("{}\n")
    monkeypatch.chdir(config.parent)

    assert command(["scale", str(config), *map(str, options)]) == ExitCode.OK


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("qlora.yml",), "--processes"),
        (("qlora.yml", "-n", "0"), "--processes"),
        (("qlora.yml", "-n", "3", "--nodes", "2"), "do not divide"),
        (("qlora.yml", "-n", "2", "--strategy", "zero9"), "zero9"),
        (("qlora.yml", "-n", "2", "--gpu", "abacus"), "abacus"),
        (("absent.yml", "-n", "2"), "absent.yml"),
        (("qlora.yml", "-n", "2", "--cwd", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_one_line(
    config: Path, arguments: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 2 and one line that names what is wrong."""
    monkeypatch.chdir(config.parent)

    with pytest.raises(InspectError, match=says) as refused:
        command(["scale", *arguments, "--no-axolotl"])

    assert refused.value.exit_code == ExitCode.USAGE
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rehearse", "--launch"), "--rehearse and --launch are runs of their own"),
        (("--debug-ranks", "0", "--launch"), "--launch and --debug-ranks are runs of their own"),
        (("--launch", "--json"), "--json goes with a plan"),
        (("--node", 1), "go with --launch"),
        (("--anyway",), "go with --launch"),
        (("--tokenizer", "folder"), "go with --rehearse or --debug-ranks"),
    ],
)
def test_options_that_would_be_passed_over(
    config: Path, options: tuple[object, ...], said: str
) -> None:
    """What belongs to another run is refused before anything is started."""
    with pytest.raises(InspectError, match=said) as refused:
        command(["scale", str(config), "-n", "2", *map(str, options)])

    assert refused.value.exit_code == ExitCode.USAGE
