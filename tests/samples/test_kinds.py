"""The kind of a dataset follows from its columns and their types."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from inspect_tool.samples.kinds import kind_of

IDS, LABELS, TEXT = pa.list_(pa.int32()), pa.list_(pa.int64()), pa.string()
MESSAGES = pa.list_(pa.struct({"role": TEXT, "content": TEXT}))

STORED: dict[str, tuple[dict[str, Any], str, list[str], list[str]]] = {
    "supervised": (
        {"input_ids": IDS, "attention_mask": pa.list_(pa.int8()), "labels": LABELS},
        "sft",
        ["input_ids"],
        [],
    ),
    "llama2 chat": (
        {"input_ids": IDS, "attention_mask": pa.list_(pa.bool_()), "labels": LABELS},
        "sft",
        ["input_ids"],
        [],
    ),
    "large lists": (
        {"input_ids": pa.large_list(pa.int64()), "labels": pa.large_list(pa.int32())},
        "sft",
        ["input_ids"],
        [],
    ),
    "no labels": ({"input_ids": IDS}, "sft", ["input_ids"], []),
    "packed": (
        {"input_ids": IDS, "labels": LABELS, "position_ids": LABELS, "length": pa.int64()},
        "packed",
        ["input_ids"],
        ["length"],
    ),
    "reward": (
        {
            "chosen_ids": LABELS,
            "attention_mask_chosen": LABELS,
            "labels_chosen": pa.float64(),
            "rejected_ids": LABELS,
            "attention_mask_rejected": LABELS,
            "labels_rejected": pa.float64(),
        },
        "reward",
        ["chosen", "rejected"],
        ["labels_chosen", "labels_rejected"],
    ),
    "preference": (
        {"prompt": TEXT, "chosen": TEXT, "rejected": TEXT, "system": TEXT},
        "preference",
        ["prompt", "chosen", "rejected"],
        ["system"],
    ),
    "preference without a prompt": (
        {"chosen": TEXT, "rejected": TEXT},
        "preference",
        ["chosen", "rejected"],
        [],
    ),
    "kto": (
        {"prompt": TEXT, "completion": TEXT, "label": pa.bool_()},
        "kto",
        ["prompt", "completion"],
        ["label"],
    ),
    "prompts as text": ({"prompt": TEXT, "answer": TEXT}, "prompts", ["prompt"], ["answer"]),
    "prompts as messages": (
        {"prompt": MESSAGES, "answer": TEXT},
        "prompts",
        [],
        ["prompt", "answer"],
    ),
    "text": ({"text": TEXT}, "text", ["text"], []),
    "other columns": ({"image": pa.binary(), "size": pa.int64()}, "plain", [], ["image", "size"]),
    "ids that are no lists": ({"input_ids": pa.int64()}, "plain", [], ["input_ids"]),
    "ids that are no integers": (
        {"input_ids": pa.list_(pa.float32()), "labels": LABELS},
        "plain",
        [],
        ["input_ids", "labels"],
    ),
    "labels of another type": (
        {"input_ids": IDS, "labels": pa.list_(pa.float64())},
        "sft",
        ["input_ids"],
        ["labels"],
    ),
    "no columns": ({}, "plain", [], []),
}


@pytest.mark.parametrize(
    ("columns", "name", "sequences", "plain"), STORED.values(), ids=STORED.keys()
)
def test_kind(columns: dict[str, Any], name: str, sequences: list[str], plain: list[str]) -> None:
    """Each layout that axolotl stores, and layouts that nearly are one."""
    kind = kind_of(pa.schema(columns))

    assert kind.name == name
    assert [sequence.name for sequence in kind.sequences] == sequences
    assert list(kind.plain) == plain


def test_tokenized_kinds_are_told() -> None:
    """Text kinds hold no ids."""
    assert kind_of(pa.schema({"input_ids": IDS})).tokenized
    assert not kind_of(pa.schema({"text": TEXT})).tokenized
