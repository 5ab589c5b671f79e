"""What one line says about a sequence: how long, how much of it is trained, how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.ending import end_token

if TYPE_CHECKING:
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary


def summary(sequence: TokenSequence, vocabulary: Vocabulary | None) -> list[str]:
    """Return the parts of the line, most important first; not yet safe to print."""
    if sequence.stored_text is not None:
        tokens = [f"{counted(len(sequence), 'token')} by this tokenizer"] if len(sequence) else []
        return [f"text of {counted(len(sequence.stored_text), 'character')}", *tokens]
    parts = [counted(len(sequence), "token")]
    if sequence.trained is None:
        parts.append("no labels stored")
    else:
        parts.append(f"{sequence.trained_count:,} trained ({percent(sequence.trained_share)})")
    if vocabulary is not None and len(sequence):
        parts.append(_ending(sequence, vocabulary))
    return parts + [note for note in _oddities(sequence, vocabulary) if note]


def percent(share: float) -> str:
    """Return a share as a percentage that never rounds something to nothing or all."""
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.999 < share < 1:
        return ">99.9%"
    return f"{share:.1%}"


def _ending(sequence: TokenSequence, vocabulary: Vocabulary) -> str:
    end = end_token(sequence, vocabulary)
    if end is None:
        return "no end token"
    if end.trained is None:
        return f"end token {end.piece}"
    return f"end token {end.piece} {'trained' if end.trained else 'masked'}"


def _oddities(sequence: TokenSequence, vocabulary: Vocabulary | None) -> list[str]:
    notes = []
    if len(sequence.odd_labels):
        notes.append(f"{counted(len(sequence.odd_labels), 'label')} unlike the token")
    if sequence.attention is not None:
        hidden = int(np.count_nonzero(sequence.attention == 0))
        notes.append(f"{hidden:,} not attended to" if hidden else "")
    if vocabulary is not None:
        unknown = int(np.count_nonzero(~vocabulary.known(sequence.ids)))
        notes.append(f"{counted(unknown, 'id')} not in the vocabulary" if unknown else "")
    return notes


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
