"""A sequence made ready to be laid out, at first only its beginning if it is long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from inspect_tool.samples.sample import MARKED_LABELS
from inspect_tool.tui.drawn import Drawn, draw, subscript, token_texts
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
        labels=None if sequence.labels is None else sequence.labels[:tokens],
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
    with_ids = show_ids and vocabulary is not None
    notes = (
        sequence.notes(len(texts), values=show_ids)
        if isinstance(sequence, Marked)
        else label_notes(sequence, ids=with_ids)
    )
    drawn = draw(
        texts,
        ids=sequence.ids if len(sequence) else None,
        vocabulary=vocabulary,
        show_ids=with_ids,
        notes=notes,
    )
    return Passage(sequence, vocabulary, show_ids, texts, drawn, whole=True)


def label_notes(sequence: TokenSequence, *, ids: bool) -> list[str] | None:
    """Return what is drawn after each token: labels that are not their token, and ``ids``.

    None where no label asks for it: classes of process rewards, and mistakes that are few.
    """
    odd = sequence.odd_labels
    if sequence.labels is None or not 0 < len(odd) <= MARKED_LABELS:
        return None
    notes = [subscript(str(i)) for i in sequence.ids.tolist()] if ids else [""] * len(sequence)
    for index in odd.tolist():
        notes[index] += f"[label {int(sequence.labels[index])}]"
    return notes
