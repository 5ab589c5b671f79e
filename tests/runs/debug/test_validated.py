"""What axolotl says of a derived config: accepted, refused, or accepted with keys left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fixtures.places import CHATML
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import DebugOptions, plan_debug
from inspect_tool.runs.tiny.source import ModelChoice
from inspect_tool.runs.validated import validated

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.findings import Finding

pytestmark = pytest.mark.slow

YAML = """
base_model: org/model-7b
datasets: [{path: rows.jsonl, type: alpaca}]
micro_batch_size: 2
learning_rate: 0.001
"""


def said(folder: Path, worker: AxolotlWorker, more: str = "") -> tuple[Finding, ...]:
    """Return what axolotl says of a config with more keys."""
    (folder / "rows.jsonl").write_text('{"instruction": "a", "output": "b"}\n')
    file = folder / "c.yml"
    file.write_text(f"{YAML}{more}")
    options = DebugOptions(model=ModelChoice(like="qwen2", tokenizer=str(CHATML)))
    plan = plan_debug(Config.read(file), cwd=folder, folder=folder / "run", options=options)
    return validated(replace(plan, problems=()), worker).problems


def test_nothing_is_said_of_a_config_that_is_fine(
    tmp_path: Path, worker: AxolotlWorker, built_tokenizers: None
) -> None:
    """Axolotl takes the derived config and knows each of its keys; no run's folder is made."""
    assert said(tmp_path, worker) == ()
    assert not (tmp_path / "run").exists()


def test_a_key_that_axolotl_does_not_know(
    tmp_path: Path, worker: AxolotlWorker, built_tokenizers: None
) -> None:
    """A misspelt key, which axolotl leaves out in silence, is named with the one it is like."""
    (finding,) = said(tmp_path, worker, "gradient_acumulation_steps: 4\n")

    assert (finding.code, finding.key) == ("P-UNKNOWN-KEY", "gradient_acumulation_steps")
    assert finding.fix == "did you mean gradient_accumulation_steps?"


def test_a_config_that_axolotl_refuses(
    tmp_path: Path, worker: AxolotlWorker, built_tokenizers: None
) -> None:
    """Its own words are told."""
    (finding,) = said(tmp_path, worker, "group_by_length: perhaps\n")

    assert (finding.code, finding.severity) == ("P-REFUSED", "error")
    assert "group_by_length" in finding.message


def test_the_processor_of_a_model_with_images(
    tmp_path: Path, worker: AxolotlWorker, built_tokenizers: None
) -> None:
    """The key that keeps the person's processor is known: the recorder's plugin brings it."""
    assert said(tmp_path, worker, "processor_type: AutoProcessor\n") == ()
