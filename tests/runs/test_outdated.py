"""Old keys of a config, and the line that says what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_tasks import refused
from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.outdated import way_out, with_way_out

if TYPE_CHECKING:
    from pathlib import Path

SHAREGPT = """base_model: m
dataset_processes: 2
datasets: [{path: a.jsonl, type: sharegpt, conversation: chatml}]
"""


@pytest.mark.parametrize(
    "said",
    [
        "dataset_num_proc: 2",
        'datasets.0.type: "chat_template"',
        'datasets.0.message_property_mappings: {"role": "from", "content": "value"}',
        'datasets.0.chat_template: "chatml"',
        "; leave out ",
        "datasets.0.conversation",
    ],
)
def test_what_to_write_instead(tmp_path: Path, said: str) -> None:
    """Each old key is answered with the new one and its value, or left out."""
    (tmp_path / "a.yml").write_text(SHAREGPT)

    assert said in (way_out(Config.read(tmp_path / "a.yml")) or "")


def test_a_config_of_today(tmp_path: Path) -> None:
    """Nothing is said of keys that axolotl still takes."""
    (tmp_path / "a.yml").write_text("base_model: m\ndatasets: [{path: a.jsonl, type: alpaca}]\n")

    assert way_out(Config.read(tmp_path / "a.yml")) is None


def test_a_refusal_is_given_the_way_out(tmp_path: Path) -> None:
    """What axolotl says of one key comes with all that is to be written instead."""
    (tmp_path / "a.yml").write_text(SHAREGPT)
    error = refused(ValueError("`type: sharegpt.*` is deprecated."), tmp_path / "a.yml")

    assert "datasets.0.message_property_mappings" in str(with_way_out(error))


def test_another_error_is_left_alone(tmp_path: Path) -> None:
    """Only what axolotl refuses is answered by old keys."""
    (tmp_path / "a.yml").write_text(SHAREGPT)
    error = InspectError("no such file", place=tmp_path / "a.yml")

    assert with_way_out(error).fix is None


@pytest.mark.parametrize(
    ("name", "said", "fix"),
    [
        ("./none", "Repo id must be in the form 'repo_name': './none'", "there is no ./none"),
        ("org/model", "We couldn't connect to 'https://huggingface.co'", "hf download org/model"),
    ],
)
def test_a_model_that_is_not_here(tmp_path: Path, name: str, said: str, fix: str) -> None:
    """The key that names it is told, and how to have it."""
    (tmp_path / "a.yml").write_text(f"base_model: {name}\ndatasets: [{{path: a, type: alpaca}}]\n")

    found = refused(OSError(said), tmp_path / "a.yml").fix

    assert found is not None
    assert found.startswith("base_model: ")
    assert fix in found


def test_another_refusal_blames_no_model(tmp_path: Path) -> None:
    """A model is called missing only where that is what was said."""
    (tmp_path / "a.yml").write_text("base_model: ./none\ndatasets: [{path: a, type: alpaca}]\n")

    assert refused(ValueError("sequence_len: too small"), tmp_path / "a.yml").fix is None
