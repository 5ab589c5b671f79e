"""Explained rows made by hand, for what reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.prompts.explained import Explained, Field, RawPlace, Turn
from inspect_tool.prompts.origin import Origin, WhySample
from inspect_tool.prompts.rules import BY_NAME, CODES
from inspect_tool.samples.sample import Sample, TokenSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS = (Field(("messages", 0, "content"), 0), Field(("messages", 1, "content"), 1, inferred=True))
TURNS = (Turn(0, "user", 0, trained=False), Turn(1, "assistant", 1, trained=True))


def explained(
    *rules: str, ids: Sequence[int] | None = None, fields: Sequence[int] | None = None
) -> Explained:
    """Make a row of one token per rule; a field's characters are two for each token in turn."""
    count = len(rules)
    numbers = np.array(ids if ids is not None else range(10, 10 + count), dtype=np.int32)
    trains = np.array([BY_NAME[name].trained is True for name in rules], dtype=np.bool_)
    chosen = np.array(fields if fields is not None else [-1] * count, dtype=np.int32)
    starts = np.arange(count, dtype=np.int32) * 2
    return Explained(
        entry="datasets.0",
        template_key="chat_template",
        row=4,
        part=0,
        sequence="input_ids",
        ids=numbers,
        labels=np.where(trains, numbers, -100).astype(np.int32),
        rules=np.array([CODES[BY_NAME[name]] for name in rules], dtype=np.uint8),
        inferred=np.array([name == "empty-turn" for name in rules], dtype=np.bool_),
        turns=np.array([field if field >= 0 else -1 for field in chosen], dtype=np.int32),
        fields=chosen,
        starts=starts,
        ends=starts + 2,
        turn_table=TURNS,
        field_table=FIELDS,
    )


def why_of(row: Explained, *, place: RawPlace | None = None, how: str = "same") -> WhySample:
    """Make the sample that a row explains."""
    sequence = TokenSequence("input_ids", ids=row.ids, labels=row.labels)
    origin = Origin(0, row.entry, row.row, 0, how, place or RawPlace("/data/rows.jsonl", 5))
    return WhySample(Sample(2, "sft", (sequence,)), origin, (row,), rendered=len(row))
