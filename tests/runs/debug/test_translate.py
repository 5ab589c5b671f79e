"""Configs of earlier axolotl versions: certain translations, and doubts that are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from inspect_tool.runs.overrides.draft import Draft
from inspect_tool.runs.translate import translate

if TYPE_CHECKING:
    from inspect_tool.findings import Finding


def translated(text: str) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Translate a YAML; return the values and the doubts."""
    draft = Draft(yaml.safe_load(text), given={})
    doubts = translate(draft)
    return draft.values, doubts


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dpo_beta: 0.1", {"rl_beta": 0.1}),
        ("noisy_embedding_alpha: 5", {"neftune_noise_alpha": 5}),
        ("evaluation_strategy: steps", {"eval_strategy": "steps"}),
        ("dataset_processes: 8", {"dataset_num_proc": 8}),
        (
            "rope_scaling: {type: linear}",
            {"overrides_of_model_config": {"rope_scaling": {"type": "linear"}}},
        ),
        ("max_packed_sequence_len: 4096", {}),
        ("s2_attention: true", {}),
        ("unsloth_lora_mlp: true", {}),
        ("gradient_checkpointing: unsloth", {"gradient_checkpointing": True}),
        ("bf16: full", {"bf16": True}),
        ("chat_template: inst", {"chat_template": "mistral_v1"}),
        ("tokens: {pad_token: X}", {"special_tokens": {"pad_token": "X"}}),
        ("tokens: [X]", {"tokens": ["X"]}),
    ],
)
def test_keys_with_a_certain_meaning(old: str, new: dict[str, Any]) -> None:
    """A renamed or removed key becomes what axolotl reads today, without a doubt."""
    assert translated(old) == (new, ())


def test_sharegpt_with_a_known_conversation() -> None:
    """The removed strategy becomes chat_template with the same columns and template."""
    text = "datasets: [{path: d, type: sharegpt, conversation: alpaca}]"

    assert translated(text) == (
        {
            "datasets": [
                {
                    "path": "d",
                    "type": "chat_template",
                    "field_messages": "conversations",
                    "message_property_mappings": {"role": "from", "content": "value"},
                    "chat_template": "alpaca",
                }
            ]
        },
        (),
    )


def test_sharegpt_under_a_template_of_the_config() -> None:
    """The config's own chat_template is enough."""
    values, doubts = translated("chat_template: chatml\ndatasets: [{path: d, type: sharegpt}]")

    assert ("chat_template" in values["datasets"][0], doubts) == (False, ())


def test_sharegpt_without_any_template() -> None:
    """Vicuna's prompt was the default and is none of axolotl's templates: a doubt."""
    values, doubts = translated("datasets: [{path: d, type: sharegpt}]")

    assert values["datasets"][0]["chat_template"] == "tokenizer_default_fallback_chatml"
    assert [doubt.key for doubt in doubts] == ["datasets.0.type"]


def test_a_conversation_that_axolotl_does_not_have() -> None:
    """It is named, with the fix."""
    _, doubts = translated("datasets: [{path: d, type: sharegpt, conversation: zephyr}]")

    assert "zephyr" in doubts[0].message
    assert "chat_template_jinja" in doubts[0].fix


def test_sharegpt_with_columns_of_its_own() -> None:
    """field, field_human and field_model become field_messages and roles."""
    text = """
chat_template: chatml
datasets: [{path: d, type: sharegpt.load_role, field: turns, field_human: q, field_model: a}]
"""
    values, _ = translated(text)

    assert values["datasets"][0] == {
        "path": "d",
        "type": "chat_template",
        "field_messages": "turns",
        "message_property_mappings": {"role": "role", "content": "value"},
        "roles": {"user": ["q"], "assistant": ["a"]},
    }


def test_what_has_no_successor_is_a_doubt() -> None:
    """A removed key that changed the loss is taken out and named."""
    values, doubts = translated("rpo_alpha: 1.0")

    assert (values, [doubt.key for doubt in doubts]) == ({}, ["rpo_alpha"])
