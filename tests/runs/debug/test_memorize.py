"""A run that learns by heart: what changes in the plan, what must not, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug import DebugOptions
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.memorize import PLUGIN, STEPS
from inspect_tool.runs.tiny.source import ModelChoice
from tests.runs.debug.plans import derived, plan, reason
from tests.schemas import schema

if TYPE_CHECKING:
    from pathlib import Path

YAML = """
base_model: base
datasets: [{path: rows.jsonl, type: alpaca}]
train_on_inputs: false
adapter: lora
lora_dropout: 0.1
lora_modules_to_save: [norm]
learning_rate: 0.0002
lr_scheduler: cosine
neftune_noise_alpha: 5
weight_decay: 0.1
"""
SHAPE = {"model_type": "llama", "hidden_size": 4096, "vocab_size": 9, "attention_dropout": 0.1}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A base model's config.json with dropout, its stops, and rows."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text(json.dumps(SHAPE))
    (tmp_path / "base" / "generation_config.json").write_text(
        '{"eos_token_id": [2, 7], "temperature": 0.6}'
    )
    (tmp_path / "base" / "tokenizer.json").write_text("{}")
    (tmp_path / "rows.jsonl").write_text('{"instruction": "a"}\n' * 9)
    return tmp_path


def learn(samples: int = 4, **changes: object) -> DebugOptions:
    """Return the options of a run that learns by heart."""
    return DebugOptions(memorize=samples, **changes)  # type: ignore[arg-type]


def test_nothing_regular_is_left(project: Path) -> None:
    """No decay, dropout, noise, warm-up or schedule, and a rate for a tiny model."""
    values = derived(plan(project, YAML, options=learn()))

    assert values["learning_rate"] == 0.005
    assert (values["lr_scheduler"], values["weight_decay"]) == ("constant", 0.0)
    assert (values["lora_dropout"], values["warmup_steps"]) == (0.0, 0)
    assert "neftune_noise_alpha" not in values
    assert PLUGIN in values["plugins"]


def test_the_samples_are_one_batch(project: Path) -> None:
    """As many rows as asked for are taken and trained together; more than 8 in turns."""
    few = plan(project, YAML, options=learn(4))
    many = derived(plan(project, YAML, options=learn(20)))

    assert [part.rows for part in few.cuts] == [4]
    assert (derived(few)["micro_batch_size"], derived(few)["max_steps"]) == (4, STEPS)
    assert (many["micro_batch_size"], many["max_steps"]) == (8, 3 * STEPS)


def test_the_mask_stays(project: Path) -> None:
    """What decides on tokens and labels is the user's own."""
    values = derived(plan(project, YAML, options=learn()))

    assert values["train_on_inputs"] is False
    assert values["datasets"][0]["type"] == "alpaca"


def test_the_tiny_base_is_the_runs_own(project: Path) -> None:
    """It stands in the run's folder, without dropout, with the stops of the base model."""
    planned = plan(project, YAML, options=learn())
    assert planned.model.tiny is not None

    folder = planned.model.tiny.write()

    assert folder.parent == planned.folder / "base"
    assert derived(planned)["base_model"] == str(folder)
    assert json.loads((folder / "config.json").read_text())["attention_dropout"] == 0.0
    assert json.loads((folder / "generation_config.json").read_text()) == {"eos_token_id": [2, 7]}


def test_an_architecture_by_name_has_no_stops(project: Path) -> None:
    """The ids of one model's stops mean nothing to another's tokenizer."""
    (project / "base" / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0, "b": 1}}}')
    options = learn(model=ModelChoice(like="falcon", tokenizer="base"))
    planned = plan(project, YAML, options=options)
    assert planned.model.tiny is not None

    folder = planned.model.tiny.write()

    assert json.loads((folder / "generation_config.json").read_text()) == {}


def test_random_embeddings_are_trained(project: Path) -> None:
    """An adapter on random weights trains the embeddings, too, and the plan says why."""
    planned = plan(project, YAML, options=learn())

    assert derived(planned)["lora_modules_to_save"] == ["norm", "embed_tokens", "lm_head"]
    assert "frozen random embeddings" in reason(planned, "lora_modules_to_save")


def test_your_word_is_the_last(project: Path) -> None:
    """--set and --steps overrule it."""
    options = learn(given={"learning_rate": 0.5}, steps=7)
    values = derived(plan(project, YAML, options=options))

    assert (values["learning_rate"], values["max_steps"]) == (0.5, 7)


def test_the_plan_says_how_many(project: Path) -> None:
    """The plan's document names the number, null for other runs."""
    documents = [plan(project, YAML, options=o).to_json() for o in (learn(3), DebugOptions())]

    for document in documents:
        Draft202012Validator(schema("debug")).validate(document)
    assert [document["memorize"] for document in documents] == [3, None]


def test_the_command_says_how_many(project: Path) -> None:
    """The line for a terminal asks for the same."""
    assert "--memorize 3" in Chosen(project / "c.yml", learn(3)).command()


@pytest.mark.parametrize(
    ("more", "options", "said"),
    [
        ("rl: dpo\n", learn(), "rl trains preferences"),
        ("reward_model: true\n", learn(), "reward_model trains a score"),
        ("pretraining_dataset: rows.jsonl\n", learn(), "streams its rows"),
        ("", learn(evaluate=True), "evaluates nothing"),
        ("", learn(stage="preprocess"), "--memorize trains"),
        ("", learn(0), "not a number of samples"),
    ],
)
def test_what_cannot_be_learned_by_heart(
    project: Path, more: str, options: DebugOptions, said: str
) -> None:
    """Runs without one answer are refused, by the key that says so."""
    with pytest.raises(InspectError, match=said):
        plan(project, YAML + more, options=options)
