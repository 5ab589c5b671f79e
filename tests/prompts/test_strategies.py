"""Strategies that no config gives, or that do what the tool does not follow."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import mistral_common
import numpy as np
import pytest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from inspect_tool.prompts.training import TrainingRows
from inspect_tool.samples.sample import IGNORE_INDEX
from tests.axolotl_runs import ROOT
from tests.prompts.strategy_tasks import last_turn_only, mistaken, own_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.explained import Explained
    from tests.prompts.conftest import Case

pytestmark = pytest.mark.slow


def stretches(explained: Explained, made: Case) -> list[tuple[str, str]]:
    """Return each stretch as (text, rule)."""
    texts = made.vocabulary.texts(explained.ids)
    return [
        ("".join(texts[item.start : item.stop]), item.reason.rule.name)
        for item in explained.stretches()
    ]


@pytest.mark.parametrize(
    ("inputs", "before"), [(False, "history-masked"), (True, "inputs-trained")]
)
def test_last_turn_only(
    inputs: bool, before: str, case: Callable[[str], Case], worker: AxolotlWorker
) -> None:
    """With nothing said of turns axolotl trains the last one, its end and what follows."""
    made = case("masks")

    explained = worker.call(partial(last_turn_only, inputs=inputs), made.rows.request, 3, 0)

    found = stretches(explained, made)
    assert {rule for _, rule in found} == {before, "last-turn-trained"}
    assert "".join(text for text, rule in found if rule == "last-turn-trained").startswith("Two")


def test_own_class(case: Callable[[str], Case], worker: AxolotlWorker) -> None:
    """A class that overrides how rows are made is explained by its labels, and says no more."""
    made = case("alpaca")

    reader, explained = worker.call(own_strategy, made.rows.request, 0)

    assert reader == "OtherReader"
    assert [rule for _, rule in stretches(explained, made)][:2] == [
        "strategy-masked",
        "strategy-trained",
    ]
    assert {item.reason.key for item in explained.stretches()} == {"datasets.0.type"}


def test_label_without_a_decision(case: Callable[[str], Case], worker: AxolotlWorker) -> None:
    """A label that the recorded decisions do not lead to is called unexplained, not guessed at."""
    made = case("masks")

    explained = worker.call(mistaken, made.rows.request, 0)

    rules = [explained.reason(token).rule.name for token in range(len(explained))]
    assert rules[0] == "unexplained"
    assert "unexplained" not in rules[1:]
    assert explained.labels is not None
    assert explained.labels[0] == explained.ids[0]


def test_explaining_changes_nothing(case: Callable[[str], Case]) -> None:
    """Explained or rendered, and explained again, a row is the same."""
    made = case("tools")
    for row in range(made.rows.info.rows):
        first, second = made.explained(0, row), made.explained(0, row)

        np.testing.assert_array_equal(first.rules, second.rules)
        np.testing.assert_array_equal(first.labels, second.labels)
        chunk = made.rows.chunk(0, row, row + 1)
        assert int(chunk.lengths[0]) == len(first)


MISTRAL_COMMON = """
base_model: {folder}
tokenizer_use_mistral_common: true
datasets:
  - path: {data}
    type: chat_template
sequence_len: 2048
micro_batch_size: 1
gradient_accumulation_steps: 1
num_epochs: 1
learning_rate: 0.0002
optimizer: adamw_torch
lr_scheduler: constant
bf16: false
fp16: false
"""


def test_mistral_common_trains_what_the_assistant_never_said(
    tmp_path: Path, worker: AxolotlWorker
) -> None:
    """Its templates move the system prompt, axolotl's spans do not follow, and it is shown so."""
    data = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    (tmp_path / "model").mkdir()
    shutil.copy(data, tmp_path / "model" / "tekken.json")
    turns = ROOT / "tests/prompts/configs/data/turns.jsonl"
    config = tmp_path / "train.yml"
    config.write_text(MISTRAL_COMMON.format(folder=tmp_path / "model", data=turns))
    rows = TrainingRows(worker, config, tmp_path)

    (explained,) = rows.explain(0, 0)

    assert explained.labels is not None
    trained = [int(token) for token in np.flatnonzero(explained.labels != IGNORE_INDEX)]
    rules = [explained.reason(token).rule.name for token in trained]
    assert rules == ["role-trained"] * 4 + ["eos-trained"]
    tokenizer = MistralTokenizer.from_file(str(data)).instruct_tokenizer.tokenizer
    said = tokenizer.decode([int(explained.ids[token]) for token in trained[:2]])
    assert said == "You are"
