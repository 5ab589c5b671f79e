"""Every recipe prepares with real axolotl and stores the columns of its kind."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
import yaml

from tests.axolotl_runs import RECIPES, complete_folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOKENIZED = {"input_ids", "attention_mask", "labels"}
COLUMNS = {
    "alpaca": TOKENIZED,
    "chat-chatml": TOKENIZED,
    "chat-llama3": TOKENIZED,
    "completion": TOKENIZED,
    "dpo": {"prompt", "chosen", "rejected"},
    "eval-split": TOKENIZED,
    "grpo": {"prompt", "answer"},
    "input-output": TOKENIZED,
    "ipo": {"prompt", "chosen", "rejected", "question", "system"},
    "kto": {"prompt", "completion", "label", "instruction", "system"},
    "merged": TOKENIZED,
    "orpo": {"prompt", "chosen", "rejected", "system"},
    "packed": TOKENIZED | {"position_ids", "length"},
    "pretokenized": TOKENIZED,
    "process-reward": TOKENIZED,
    "reward-model": {
        "chosen_ids",
        "rejected_ids",
        "attention_mask_chosen",
        "attention_mask_rejected",
        "labels_chosen",
        "labels_rejected",
    },
    "sharegpt": TOKENIZED,
    "simpo": {"prompt", "chosen", "rejected", "question", "system"},
    "test-datasets": TOKENIZED,
    "thinking": TOKENIZED,
    "tools": TOKENIZED,
    "user-defined": TOKENIZED,
}


def test_every_recipe_is_listed() -> None:
    """No recipe is left out of the table above."""
    assert {recipe.stem for recipe in RECIPES.glob("*.yml")} == set(COLUMNS)


def test_every_recipe_is_explained() -> None:
    """The table in recipes/README.md names exactly the recipes there are."""
    table = (RECIPES / "README.md").read_text()

    named = re.findall(r"^\| \[([a-z0-9-]+)\]\(\1\.yml\) \|", table, re.MULTILINE)

    assert set(named) == set(COLUMNS)


@pytest.mark.parametrize("recipe", COLUMNS)
def test_recipe_says_what_it_shows(recipe: str) -> None:
    """A recipe starts with one to three lines of comment."""
    lines = (RECIPES / f"{recipe}.yml").read_text().splitlines()

    comment = list(itertools.takewhile(lambda line: line.startswith("# "), lines))

    assert 1 <= len(comment) <= 3


@pytest.mark.parametrize("recipe", COLUMNS)
def test_recipe_writes_under_its_own_name(recipe: str) -> None:
    """No two recipes share a prepared folder or an output folder."""
    config = yaml.safe_load((RECIPES / f"{recipe}.yml").read_text())

    assert config["dataset_prepared_path"] == f"last_run_prepared/{recipe}"
    assert config["output_dir"] == f".inspect/out/{recipe}"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", COLUMNS)
def test_recipe_prepares(recipe: str, prepared: Callable[[str | Path], Path]) -> None:
    """Axolotl stores at least one row, in the columns of the recipe's kind."""
    folders = complete_folders(prepared(recipe))

    for folder in folders:
        rows, columns = 0, set[str]()
        for shard in folder.glob("*.arrow"):
            with pa.ipc.open_stream(shard) as stream:
                rows += stream.read_all().num_rows
                columns |= set(stream.schema.names)
        assert rows > 0
        assert columns == COLUMNS[recipe]


@pytest.mark.slow
def test_test_datasets_have_their_own_folder(prepared: Callable[[str | Path], Path]) -> None:
    """Training and evaluation rows of `test_datasets` are stored apart."""
    assert len(complete_folders(prepared("test-datasets"))) == 2
