"""Configs of every kind, and of 2024, stop in compute_loss on a CPU, from the command line.

Each takes some twenty seconds of a processor, so a sample that differs most runs every time;
INSPECT_TOOL_EVERY_RECIPE=1 runs them all.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from fixtures.build import build_models, build_tokenizers
from tests.axolotl_runs import RECIPES, ROOT
from tests.dap import DapClient
from tests.runs.debug.plans import DEEPSPEED_2024
from tests.runs.debug.sessions import Session, contents

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SAMPLE = ("dpo", "grpo", "packed", "process-reward")
"""Preferences, sampled answers, packing, classes for labels; test_session.py has the rest."""
EVERY = bool(os.environ.get("INSPECT_TOOL_EVERY_RECIPE"))
CHOSEN = [recipe for recipe in sorted(RECIPES.glob("*.yml")) if EVERY or recipe.stem in SAMPLE]
TENSORS = {
    "dpo": "completion_mask",
    "grpo": "advantages",
    "packed": "position_ids",
    "process-reward": "labels",
}
"""What only this kind's batch has, or all have."""
OPTIONS = {"packed": ("--keep", "sample_packing")}
"""Packing is off for as little data as a debug run takes, unless it is kept."""


def stop_in_loss(config: Path, *options: object) -> tuple[str, str, str]:
    """Run a config until it stops in compute_loss: the file, the function, the batch's names."""
    with Session(config, "--stop-at", "loss", "--cwd", config.parent, *options) as session:
        session.until_ready()
        with DapClient(session.port) as client:
            client.attach()
            frame = client.stopped()
            return frame.file, frame.function, client.evaluate("sorted(inputs)", frame)


@pytest.mark.parametrize("recipe", CHOSEN, ids=lambda recipe: recipe.stem)
def test_a_recipe_stops_in_the_loss(recipe: Path, tmp_path: Path) -> None:
    """A debugger that attaches stops with the batch at hand; the person's files are as before."""
    build_tokenizers()
    build_models()
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    config = tmp_path / recipe.name
    config.write_bytes(recipe.read_bytes())
    before = contents(tmp_path)

    file, function, names = stop_in_loss(config, *OPTIONS.get(recipe.stem, ()))

    assert file.endswith(".py")
    assert "compute_loss" in function
    assert TENSORS.get(recipe.stem, "") in names
    assert contents(tmp_path) == before


def test_a_deepspeed_config_of_2024(tmp_path: Path) -> None:
    """A format of its own, added tokens and DeepSpeed, on a model that is not here."""
    build_tokenizers()
    row = {"question": "How many?", "context": "CREATE TABLE t (a int)", "answer": "SELECT 1"}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n" * 40)
    config = tmp_path / "sql.yml"
    config.write_text(DEEPSPEED_2024)
    tokenizer = ROOT / "fixtures" / "built" / "mistral-7b-v0.1"

    file, function, names = stop_in_loss(config, "--like", "llama", "--tokenizer", tokenizer)

    assert file.endswith("axolotl/core/trainers/base.py")
    assert "compute_loss" in function
    assert "labels" in names
