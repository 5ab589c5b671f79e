"""Axolotl's own example configs: each gives a plan that axolotl takes, or says what is missing.

They are not part of this repository: AXOLOTL_EXAMPLES names a folder of them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.places import MISTRAL
from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import DebugOptions, plan_debug
from inspect_tool.runs.tiny.source import ModelChoice
from inspect_tool.runs.validated import validated

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = os.environ.get("AXOLOTL_EXAMPLES", "")
FILES = sorted(Path(FOLDER).rglob("*.y*ml")) if FOLDER else []
EXAMPLES = [file for file in FILES if "base_model:" in file.read_text("utf-8")]
OTHERS = sorted({*FILES} - {*EXAMPLES})
"""How to rent machines, for instance."""
STAND_IN = DebugOptions(model=ModelChoice(like="llama", tokenizer=str(MISTRAL)))
"""Base models of the Hub are not on a machine that tests offline."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER, reason="AXOLOTL_EXAMPLES names no folder of axolotl's examples"),
]


@pytest.fixture(scope="module")
def asked() -> Iterator[AxolotlWorker]:
    """One worker for all of them."""
    with AxolotlWorker() as worker:
        yield worker


def test_there_are_examples() -> None:
    """The folder named holds configs, so that the tests below have something to say."""
    assert len(EXAMPLES) > 1


@pytest.mark.parametrize("file", OTHERS, ids=lambda file: str(file.relative_to(FOLDER)))
def test_what_is_no_config(file: Path) -> None:
    """Another YAML beside them is told from a config."""
    with pytest.raises(InspectError, match="names no base_model"):
        Config.read(file)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_an_example(
    file: Path, tmp_path: Path, asked: AxolotlWorker, built_tokenizers: None
) -> None:
    """Axolotl accepts the derived config; without a stand-in the plan says what is missing."""
    config = Config.read(file)

    own = plan_debug(config, cwd=tmp_path, folder=tmp_path / "run")
    plan = plan_debug(config, cwd=tmp_path, folder=tmp_path / "run", options=STAND_IN)
    said = validated(replace(plan, problems=()), asked).problems

    assert {item.code for item in own.errors} <= {"P-MODEL-MISSING", "P-TOKENIZER-MISSING"}
    assert all(item.fix for item in own.errors)
    assert plan.errors == ()
    assert [item.message for item in said if item.severity == "error"] == []
    assert {item.key for item in said} <= set(config.values)
