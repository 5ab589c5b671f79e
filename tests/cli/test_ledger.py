"""`inspect-tool ledger`: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from tests.axolotl_runs import ROOT
from tests.processes import run
from tests.schemas import schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIGS = ROOT / "tests" / "prompts" / "configs"


@pytest.mark.slow
def test_text(prepared: Callable[[str | Path], Path]) -> None:
    """Counts by fate and reason, then the rows that did not come through whole."""
    result = run("ledger", prepared(CONFIGS / "dropped.yml").parent / "config.yml")

    assert (result.returncode, result.stderr) == (0, "")
    assert "train · 13 raw rows · 3 prepared" in result.stdout
    assert "5 no-trained-tokens (packing drops rows without a trained token; sample_packing)" in (
        result.stdout
    )
    listed = [line for line in result.stdout.splitlines() if line.startswith("tests/prompts")]
    assert len(listed) == 10
    assert listed[0] == (
        "tests/prompts/configs/data/long.jsonl:2  dropped  too-long  84 tokens, sequence_len 32"
    )


@pytest.mark.slow
def test_all_rows(prepared: Callable[[str | Path], Path]) -> None:
    """--all lists the rows that are whole, too."""
    result = run("ledger", "--all", prepared(CONFIGS / "cut.yml").parent / "config.yml")

    assert "long.jsonl:1  prepared  as " in result.stdout
    assert "truncated  as 3  60 of 84 tokens cut off" in result.stdout


@pytest.mark.slow
def test_json(prepared: Callable[[str | Path], Path]) -> None:
    """One document, with a ledger for each split and every raw row in it."""
    result = run("ledger", prepared("test-datasets").parent / "config.yml", "--json")

    assert (result.returncode, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    Draft202012Validator(schema("ledger")).validate(document)
    train, test = document["ledgers"]
    assert (train["raw"], train["prepared"], test["raw"], test["prepared"]) == (106, 105, 10, 10)
    assert Counter(row["fate"] for row in train["rows"]) == {"prepared": 105, "dropped": 1}
    assert [row["key"] for row in train["rows"] if row["reason"]] == ["sequence_len"]


@pytest.mark.slow
def test_data_that_is_not_there(tmp_path: Path) -> None:
    """A config that names a missing file is a usage error in one line."""
    text = (ROOT / "recipes" / "alpaca.yml").read_text()
    path = tmp_path / "train.yml"
    path.write_text(text.replace("alpaca.jsonl", "gone.jsonl"))

    result = run("ledger", path, cwd=ROOT)

    assert (result.returncode, result.stdout) == (2, "")
    assert "gone.jsonl" in result.stderr
    assert result.stderr.count("\n") == 1


def test_not_a_config(tmp_path: Path) -> None:
    """A path that is no config is refused before axolotl starts."""
    result = run("ledger", tmp_path)

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
