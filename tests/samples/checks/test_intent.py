"""What a config asks for on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from inspect_tool.samples.checks.intent import Intent


def test_nothing_known() -> None:
    """Without a config everything may be meant."""
    intent = Intent.of(None)

    assert (intent.known, intent.may_train_everything, intent.cuts_texts) == (False, True, True)


@pytest.mark.parametrize(
    ("config", "everything", "cut"),
    [
        ({"datasets": [{"type": "alpaca"}]}, False, False),
        ({"datasets": [{"type": "alpaca"}], "train_on_inputs": True}, True, False),
        ({"datasets": [{"type": "completion"}]}, True, True),
        ({"datasets": [{"type": "completion:text"}, {"type": "alpaca"}]}, True, True),
        ({"datasets": [{"type": "input_output"}]}, True, False),
        ({"datasets": [{"type": None}]}, True, False),
        ({"datasets": [{"type": {"format": "x"}}]}, False, False),
        ({"pretraining_dataset": [{"path": "x"}]}, True, True),
        ({"datasets": "not a list"}, True, True),
        ({"datasets": [3, None]}, True, True),
    ],
)
def test_rows_trained_whole(config: dict[str, Any], everything: bool, cut: bool) -> None:
    """Completion and data with masks of its own may be trained whole; only completion is cut."""
    intent = Intent.of(config)

    assert (intent.may_train_everything, intent.cuts_texts) == (everything, cut)


@pytest.mark.parametrize(
    ("entry", "role", "wanted"),
    [
        ({"type": "chat_template"}, "user", False),
        ({"type": "chat_template", "roles_to_train": ["user", "assistant"]}, "user", True),
        ({"type": "chat_template", "message_field_training": "training"}, "user", True),
        ({"type": "input_output"}, "user", True),
    ],
)
def test_roles(entry: dict[str, Any], role: str, wanted: bool) -> None:
    """A role is trained on purpose if the config or the data says so."""
    assert Intent.of({"datasets": [entry]}).wants(role) is wanted


def test_tokens() -> None:
    """Added tokens and special tokens should be tokens; other values are passed over."""
    intent = Intent.of({"tokens": ["[A]", 3], "special_tokens": {"pad_token": "<pad>", "x": None}})

    assert intent.tokens == ("[A]", "<pad>")


def test_eot_tokens() -> None:
    """Named end tokens are taken as written."""
    assert Intent.of({"eot_tokens": ["<|eot_id|>"]}).eot_tokens == ("<|eot_id|>",)
