"""A sequence made ready to be laid out, at first only its beginning if it is long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from inspect_tool.tui.drawn import Drawn, draw, token_texts
from inspect_tool.tui.marked import Marked

if TYPE_CHECKING:
    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

WHOLE_TOKENS: Final = 8_192
"""Sequences up to here are drawn whole at once, within a frame of the screen."""
CHARS_PER_TOKEN: Final = 8


@dataclass(frozen=True, eq=False)
class Passage:
    """``sequence``, or its beginning: the text of each token, drawn.

    A sequence stored as text is taken by words. ``whole`` tells whether all of it is there.
    """

    sequence: TokenSequence
    vocabulary: Vocabulary | None
    show_ids: bool
    texts: list[str]
    drawn: Drawn
    whole: bool

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def by_words(self) -> bool:
        """Whether the units are words, of a text that is stored without token ids."""
        return not len(self.sequence)


def is_long(sequence: TokenSequence) -> bool:
    """Tell whether drawing a sequence takes longer than a person should wait for a screen."""
    text = sequence.stored_text or ""
    return len(sequence) > WHOLE_TOKENS or len(text) > WHOLE_TOKENS * CHARS_PER_TOKEN


def beginning(
    sequence: TokenSequence, vocabulary: Vocabulary | None, *, tokens: int, show_ids: bool
) -> Passage:
    """Draw a short sequence whole, of a long one the first ``tokens``."""
    if not is_long(sequence):
        return entire(sequence, vocabulary, show_ids=show_ids)
    text = sequence.stored_text
    start = replace(
        sequence,
        ids=sequence.ids[:tokens],
        stored_text=None if text is None else text[: tokens * CHARS_PER_TOKEN],
    )
    passage = entire(start, vocabulary, show_ids=show_ids)
    return replace(passage, sequence=sequence, whole=False)


def entire(
    sequence: TokenSequence,
    vocabulary: Vocabulary | None,
    *,
    show_ids: bool,
    texts: list[str] | None = None,
) -> Passage:
    """Draw the whole sequence; ``texts`` spares decoding where they are known."""
    texts = token_texts(sequence, vocabulary) if texts is None else texts
    notes = sequence.notes(len(texts), values=show_ids) if isinstance(sequence, Marked) else None
    drawn = draw(
        texts,
        ids=sequence.ids if len(sequence) else None,
        vocabulary=vocabulary,
        show_ids=show_ids and vocabulary is not None,
        notes=notes,
    )
    return Passage(sequence, vocabulary, show_ids, texts, drawn, whole=True)
