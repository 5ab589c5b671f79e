"""What a sample shows in token views: its sequences, or its plain columns as text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.sample import TokenSequence

if TYPE_CHECKING:
    from inspect_tool.samples.sample import Sample

COLUMNS = "columns"
"""Name of the one sequence that stands for the columns of a dataset without sequences."""


def owned(sample: Sample) -> Sample:
    """Return the sample with arrays of its own.

    It stays on the screen while the file it was read from may be written anew, and pages of a file
    that shrank cannot be touched.
    """
    return replace(sample, sequences=tuple(map(_copied, sample.sequences)))


def _copied(sequence: TokenSequence) -> TokenSequence:
    arrays = (sequence.ids, sequence.labels, sequence.attention, sequence.positions)
    ids, labels, attention, positions = (None if a is None else a.copy() for a in arrays)
    assert ids is not None
    return replace(sequence, ids=ids, labels=labels, attention=attention, positions=positions)


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
