"""How a sequence ends: the token that tells the model to stop, and whether it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class EndToken:
    """The special token that ends a sequence; ``trained`` is None where no labels are stored."""

    index: int
    token_id: int
    piece: str
    trained: bool | None


def end_token(sequence: TokenSequence, vocabulary: Vocabulary) -> EndToken | None:
    """Return the special token that only padding and white space follow, None if there is none.

    Chat templates write a newline after ``<|im_end|>``, so the end is not always the last token.
    """
    index = _last_content(sequence, vocabulary)
    if index is None:
        return None
    token_id = int(sequence.ids[index])
    begins = token_id == vocabulary.roles.get("bos") != vocabulary.roles.get("eos")
    if begins or not _ends(token_id, vocabulary):
        return None
    trained = None if sequence.trained is None else bool(sequence.trained[index])
    return EndToken(index, token_id, vocabulary.piece(token_id) or "", trained)


def _last_content(sequence: TokenSequence, vocabulary: Vocabulary) -> int | None:
    """Return the index of the last token that is neither padding nor white space."""
    attended = np.ones(len(sequence), dtype=np.bool_)
    if sequence.attention is not None:
        attended = np.asarray(sequence.attention != 0)
    pad = vocabulary.roles.get("pad")
    if pad is not None and pad not in {vocabulary.roles.get("eos"), vocabulary.roles.get("unk")}:
        attended = attended & (sequence.ids != pad)
    for index in np.flatnonzero(attended)[::-1]:
        data = vocabulary.bytes_of(int(sequence.ids[index]))
        if not data or data.strip():
            return int(index)
    return None


def _ends(token_id: int, vocabulary: Vocabulary) -> bool:
    is_special = bool(vocabulary.specials(np.array([token_id]))[0])
    return is_special or token_id == vocabulary.roles.get("eos")
