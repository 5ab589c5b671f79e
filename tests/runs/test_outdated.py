"""Old keys of a config, and the line that says what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.config import Config
from inspect_tool.runs.outdated import way_out

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
