"""Every kind that axolotl prepares, made by real axolotl: shown as stored, on every token."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from datasets import load_from_disk
from tokenizers import Tokenizer
from typer.testing import CliRunner

from inspect_tool.cli.app import app
from inspect_tool.runs.config import Config
from inspect_tool.samples.prepared import PreparedDataset
from tests.axolotl_runs import RECIPES, ROOT, complete_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS = ROOT / "docs" / "kinds.md"
LABELS = {"input_ids": "labels"}
"""The stored labels of each token column; the others have none."""

NAMES = sorted(path.stem for path in RECIPES.glob("*.yml"))

pytestmark = pytest.mark.slow


def documented() -> Iterator[tuple[str, str, set[str]]]:
    """Yield recipe, kind and stored columns from the table in the docs."""
    for line in KINDS.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`"):
            for recipe in cells[1].split(", "):
                yield recipe, cells[0].strip("`"), set(re.findall(r"`(\w+)`", cells[2]))


def shown(folder: Path, recipe: str) -> list[dict[str, Any]]:
    """Return what ``show --json`` prints of a prepared folder."""
    arguments = ["show", str(folder), "--json", "--config", str(RECIPES / f"{recipe}.yml")]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_recipe_is_documented_once() -> None:
    """The table of kinds names each recipe exactly once."""
    assert sorted(recipe for recipe, _, _ in documented()) == NAMES


@pytest.mark.parametrize("recipe", NAMES)
def test_kind_and_columns_are_as_documented(recipe: str, prepared: Callable[[str], Path]) -> None:
    """What real axolotl stores is what the table says, and the kind is told from it."""
    kinds = {name: (kind, columns) for name, kind, columns in documented()}

    for folder in complete_folders(prepared(recipe)):
        dataset = PreparedDataset.open(folder)

        assert (dataset.kind.name, set(dataset.schema.names)) == kinds[recipe]


@pytest.mark.parametrize("recipe", NAMES)
def test_every_token_is_shown_as_stored(recipe: str, prepared: Callable[[str], Path]) -> None:
    """Ids, labels and flags are those that an independent reader finds, row by row."""
    for folder in complete_folders(prepared(recipe)):
        stored = load_from_disk(str(folder))

        lines = shown(folder, recipe)

        assert len(lines) == len(stored) > 0
        for line, row in zip(lines, stored, strict=True):
            for sequence in line["sequences"]:
                assert_as_stored(sequence, row)


def assert_as_stored(sequence: dict[str, Any], row: dict[str, Any]) -> None:
    """Hold one shown sequence to the stored row: tokens to ids and labels, text to text."""
    name, tokens = sequence["name"], sequence["tokens"]
    if name in row and isinstance(row[name], str):
        assert "".join(token["text"] for token in tokens) == row[name]
        assert {token["trained"] for token in tokens} <= {None}
        return
    ids = row[name if name in row else f"{name}_ids"]
    labels = row[LABELS[name]] if name in LABELS else [None] * len(ids)
    flags = [None if label is None else label != -100 for label in labels]
    assert [token["id"] for token in tokens] == ids
    assert [token["label"] for token in tokens] == labels
    assert [token["trained"] for token in tokens] == flags


@pytest.mark.parametrize("recipe", ["alpaca", "chat-chatml", "chat-llama3", "reward-model"])
def test_pieces_join_to_the_decoded_text(recipe: str, prepared: Callable[[str], Path]) -> None:
    """The shown pieces of a sequence are the text that the tokenizers library decodes."""
    base_model = Config.read(RECIPES / f"{recipe}.yml").base_model
    tokenizer = Tokenizer.from_file(str(ROOT / base_model / "tokenizer.json"))
    folder = complete_folders(prepared(recipe))[0]

    for line in shown(folder, recipe):
        for sequence in line["sequences"]:
            ids = [token["id"] for token in sequence["tokens"]]
            decoded = tokenizer.decode(ids, skip_special_tokens=False)
            assert "".join(token["text"] for token in sequence["tokens"]) == decoded
