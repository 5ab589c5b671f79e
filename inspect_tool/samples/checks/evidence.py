"""A shown token: the place that a finding rests on, with its neighbours, safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.samples.glyphs import safe, unknown_id

if TYPE_CHECKING:
    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

BEFORE, AFTER = 8, 4
"""Neighbours shown on either side."""
LONGEST_TEXT, LONGEST_PIECE = 60, 40
"""Characters shown of a text, and of one token: there are tokens of a thousand."""
HERE, THERE = "▸", "◂"
"""Around the token itself."""


def shown_token(
    dataset: PreparedDataset,
    vocabulary: Vocabulary | None,
    *,
    row: int,
    token: int,
    sequence: int = 0,
) -> str:
    """Return ``row 3, token 17 (masked): …SELECT 1▸</s>◂``; the row's start for token -1."""
    try:
        sample = dataset.sample(row)
    except InspectError:
        return f"row {row}"
    if sequence >= len(sample.sequences):
        return f"row {row}"
    found = sample.sequences[sequence]
    if found.stored_text is not None:
        return f"row {row}, {found.name}: {shown_text(found.stored_text)}"
    side = f", {found.name}" if len(sample.sequences) > 1 else ""
    if not 0 <= token < len(found):
        pieces = _pieces(found, vocabulary, 0, BEFORE + AFTER)
        rest = "…" if len(found) > BEFORE + AFTER else ""
        return f"row {row}{side}: {''.join(pieces)}{rest}"
    place = f"row {row}{side}, token {token}{_state(found, token)}"
    return f"{place}: {_around(found, vocabulary, token)}"


def shown_text(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return the start of a text, safe to print."""
    rest = "…" if len(text) > longest else ""
    return safe(text[:longest]) + rest


def shown_piece(vocabulary: Vocabulary | None, token_id: int) -> str:
    """Return the text of one token, safe to print; its number where it has none."""
    text = vocabulary.bytes_of(token_id).decode("utf-8", "replace") if vocabulary else ""
    if text and not text.strip():
        return safe(text[:LONGEST_PIECE], space="·")
    return shown_text(text, longest=LONGEST_PIECE) if text else unknown_id(token_id)


def _around(sequence: TokenSequence, vocabulary: Vocabulary | None, token: int) -> str:
    first = max(token - BEFORE, 0)
    pieces = _pieces(sequence, vocabulary, first, token + 1 + AFTER)
    middle = token - first
    pieces[middle] = f"{HERE}{pieces[middle]}{THERE}"
    start = "…" if first else ""
    end = "…" if token + 1 + AFTER < len(sequence) else ""
    return f"{start}{''.join(pieces)}{end}"


def _pieces(
    sequence: TokenSequence, vocabulary: Vocabulary | None, start: int, stop: int
) -> list[str]:
    ids = sequence.ids[start:stop]
    if vocabulary is None:
        return [unknown_id(token_id) for token_id in ids.tolist()]
    texts = vocabulary.texts(ids, continued=start > 0)
    known = vocabulary.known(ids).tolist()
    return [
        shown_text(text, longest=LONGEST_PIECE) if is_known else unknown_id(token_id)
        for text, is_known, token_id in zip(texts, known, ids.tolist(), strict=True)
    ]


def _state(sequence: TokenSequence, token: int) -> str:
    if sequence.trained is None:
        return ""
    return " (trained)" if sequence.trained[token] else " (masked)"
