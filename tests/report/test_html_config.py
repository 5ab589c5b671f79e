"""The config on a page: the lines of the file, without what unlocks something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.report.html_config import HIDDEN, config_lines, line_of_key
from inspect_tool.runs.config import Config

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "base_model: tiny\ndatasets:\n  - path: data.jsonl\n    type: alpaca\n"


def _config(folder: Path, text: str) -> Config:
    file = folder / "train.yml"
    file.write_text(HEAD + text, encoding="utf-8")
    return Config.read(file)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("hub_token: abc", "hub_token: "),
        ("wandb_api_key: 'abc'", "wandb_api_key: "),
        ("secret:    abc  # mine", "secret:    "),
        ('"api_key": abc', '"api_key": '),
        ("mlflow_password: hunter2", "mlflow_password: "),
    ],
)
def test_secrets_are_left_out(line: str, shown: str, tmp_path: Path) -> None:
    """The value of a key that unlocks something is not on the page."""
    assert config_lines(_config(tmp_path, line + "\n"))[-1] == shown + HIDDEN


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("note: hf_abcdefghijklmnopqrstuvwxyz", f"note: {HIDDEN}"),
        ("url: https://user:pass@host/x", f"url: https://{HIDDEN}@host/x"),
    ],
)
def test_values_that_look_like_secrets_are_left_out(line: str, shown: str, tmp_path: Path) -> None:
    """A token of the Hub or a password in an address is not on the page, whatever its key."""
    assert config_lines(_config(tmp_path, line + "\n"))[-1] == shown


@pytest.mark.parametrize(
    "line",
    [
        "hf_use_auth_token: true",
        "special_tokens: {eos_token: x}",
        "tokenizer_config: abc",
        "eot_tokens: [a]",
        "tokens: [a, b]",
        "# hub_token",
    ],
)
def test_other_keys_are_left_alone(line: str, tmp_path: Path) -> None:
    """Keys about tokens of text are shown as they are written."""
    assert config_lines(_config(tmp_path, line + "\n"))[-1] == line


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """Comments and blank lines count, as they do in an editor."""
    assert config_lines(_config(tmp_path, "\n# end\n\n"))[4:] == ["", "# end"]


def test_a_key_of_every_dataset_is_found_at_the_first(tmp_path: Path) -> None:
    """Findings name `datasets.type`, the file has it in a list."""
    assert line_of_key(_config(tmp_path, ""), "datasets.type") == 4


def test_a_key_that_is_not_written_is_found_at_its_section(tmp_path: Path) -> None:
    """A key to add leads to where it would go."""
    assert line_of_key(_config(tmp_path, ""), "datasets.train_on_eos") == 2


def test_an_unknown_key_has_no_line(tmp_path: Path) -> None:
    """A key whose section is not there leads nowhere."""
    assert line_of_key(_config(tmp_path, ""), "eot_tokens") is None


def test_a_config_that_is_gone_is_named(tmp_path: Path) -> None:
    """A file removed since it was read is a clear error."""
    config = _config(tmp_path, "")
    config.path.unlink()

    with pytest.raises(InspectError, match=r"train\.yml"):
        config_lines(config)
