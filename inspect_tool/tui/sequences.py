"""What a sample shows in token views: its sequences, or its plain columns as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.sample import TokenSequence

if TYPE_CHECKING:
    from inspect_tool.samples.sample import Sample

COLUMNS = "columns"
"""Name of the one sequence that stands for the columns of a dataset without sequences."""


def sequences_of(sample: Sample) -> tuple[TokenSequence, ...]:
    """Return a sample's sequences; for one without any, its columns as one text."""
    if sample.sequences:
        return sample.sequences
    text = "\n\n".join(f"{name}:\n{column_text(value)}" for name, value in sample.columns.items())
    return (TokenSequence(COLUMNS, np.empty(0, dtype=np.int64), stored_text=text),)


def column_text(value: object) -> str:
    """Return a column's value as text: strings as they are, anything nested as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
