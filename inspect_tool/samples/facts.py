"""What there is to know about one token and one sample, as labelled values ready to be shown.

Every value is safe to print. ``tone`` says what a surface may colour; it never adds a meaning that
the value itself does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import Repr
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from inspect_tool.samples import glyphs
from inspect_tool.samples.ending import end_token
from inspect_tool.samples.sample import IGNORE_INDEX
from inspect_tool.samples.turns import turns_of

if TYPE_CHECKING:
    from inspect_tool.samples.sample import Sample, TokenSequence
    from inspect_tool.samples.turns import Turns
    from inspect_tool.samples.vocabulary import Vocabulary

Tone = Literal["", "trained", "masked", "special", "warning"]

MAX_TEXT: Final = 240
"""Characters shown of one value."""
_RUN: Final = 16
"""Tokens decoded on either side of one, more than any character takes."""

_brief = Repr()
_brief.maxstring = _brief.maxother = MAX_TEXT
_brief.maxlist = _brief.maxdict = _brief.maxtuple = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value; ``value`` holds nothing that a terminal would obey."""

    label: str
    value: str
    tone: Tone = ""


def token_facts(
    sequence: TokenSequence, index: int, vocabulary: Vocabulary | None, *, turns: bool = True
) -> list[Fact]:
    """Return what is known of token ``index``: what it is, how it is trained, where it stands.

    Not its turn without ``turns``: in a long sequence those take a while to be found.
    """
    facts = _identity(sequence, index, vocabulary)
    facts += _training(sequence, index, vocabulary)
    facts.append(Fact("position", f"{index:,} of {len(sequence):,}"))
    if sequence.positions is not None:
        facts.append(Fact("position id", str(int(sequence.positions[index]))))
    if sequence.attention is not None:
        attended = bool(sequence.attention[index])
        shown = "yes" if attended else "no, padding"
        facts.append(Fact("attention", shown, "" if attended else "warning"))
    if sequence.trained is not None:
        number, starts = sequence.span_at(index), sequence.span_starts
        stop = int(starts[number + 1]) if number + 1 < len(starts) else len(sequence)
        place = f"{number + 1:,} of {len(starts):,}, {_range(int(starts[number]), stop)}"
        facts.append(Fact("span", place))
    return [*facts, *_turn_facts(turns_of(sequence, vocabulary), index)] if turns else facts


def sample_facts(
    sample: Sample, sequence: TokenSequence, vocabulary: Vocabulary | None
) -> list[Fact]:
    """Return what is known of a sample and of one of its sequences."""
    facts = [Fact("row", f"{sample.row:,}")]
    if sample.split:
        facts.append(Fact("split", glyphs.safe(sample.split)))
    if len(sample.sequences) > 1:
        facts.append(Fact("sequence", glyphs.safe(sequence.name)))
    if sequence.stored_text is not None and not len(sequence):
        facts.append(Fact("text", f"{len(sequence.stored_text):,} characters, not tokenised"))
        return facts
    facts.append(Fact("tokens", f"{len(sequence):,}"))
    if sequence.trained is None:
        facts.append(Fact("trained", "no labels are stored"))
    else:
        facts += _trained_facts(sequence, vocabulary)
    if vocabulary is not None:
        facts += _end_facts(sequence, vocabulary)
    return facts


def column_facts(sample: Sample) -> list[Fact]:
    """Return the columns of a sample that are no token sequence, shortened."""
    return [Fact(glyphs.safe(name), column_value(value)) for name, value in sample.columns.items()]


def column_value(value: Any) -> str:
    """Return a value of any column as one short, safe line."""
    if value is None:
        return "null"
    text = value if isinstance(value, str) else _brief.repr(value)
    return _short(text)


def percent(part: int, whole: int) -> str:
    """Return a share in percent that is 0% or 100% only when it is exactly that."""
    if not whole or part in {0, whole}:
        return "100%" if whole and part else "0%"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f}%"


def token_text(sequence: TokenSequence, index: int, vocabulary: Vocabulary) -> str:
    """Return the decoded text of one token in its run, white space visible.

    A token that only continues a character says of which.
    """
    start = max(index - _RUN, 0)
    texts = vocabulary.texts(sequence.ids[start : index + _RUN])
    text = texts[index - start]
    if text:
        return _short(text, space=glyphs.SPACE)
    owner = next((before for before in reversed(texts[: index - start]) if before), "")
    if vocabulary.bytes_of(int(sequence.ids[index])) and owner:
        return f"continues {_short(owner[-1])}"
    return "empty"


def _identity(sequence: TokenSequence, index: int, vocabulary: Vocabulary | None) -> list[Fact]:
    token_id = int(sequence.ids[index])
    if vocabulary is None:
        return [Fact("id", str(token_id)), Fact("text", "no tokenizer to tell", "warning")]
    piece = vocabulary.piece(token_id)
    if piece is None:
        unknown = f"not in the vocabulary, which has {len(vocabulary):,} tokens"
        return [Fact("id", str(token_id)), Fact("text", unknown, "warning")]
    special = bool(vocabulary.specials(sequence.ids[index : index + 1])[0])
    facts = [
        Fact("text", token_text(sequence, index, vocabulary), "special" if special else ""),
        Fact("piece", _short(piece)),
        Fact("id", str(token_id)),
        Fact("bytes", vocabulary.bytes_of(token_id)[:32].hex(" ")),
    ]
    roles = [role for role, token in vocabulary.roles.items() if token == token_id]
    if special:
        facts.append(Fact("special", ", ".join(roles) or "yes", "special"))
    elif bool(vocabulary.added[token_id]):
        facts.append(Fact("added", ", ".join(roles) or "yes"))
    return facts


def _training(sequence: TokenSequence, index: int, vocabulary: Vocabulary | None) -> list[Fact]:
    if sequence.labels is None:
        return [Fact("label", "none stored")]
    label = int(sequence.labels[index])
    if label == IGNORE_INDEX:
        return [Fact("label", f"{label}, masked", "masked")]
    if label == int(sequence.ids[index]):
        return [Fact("label", f"{label}, trained", "trained")]
    piece = None if vocabulary is None else vocabulary.piece(label)
    shown = "" if piece is None else f" {_short(piece)}"
    return [Fact("label", f"{label}{shown}, trained, not this token's id", "warning")]


def _turn_facts(turns: Turns, index: int) -> list[Fact]:
    """Tell in which turn a token stands; runs of labels are spans already, and no turns."""
    if turns.source == "spans":
        return []
    turn = turns.at(index)
    role = f"{glyphs.safe(turn.role)}, " if turn.role else ""
    place = f"{turn.number:,} of {len(turns):,}, {role}{_range(turn.start, turn.stop)}"
    return [Fact("turn", place)]


def _trained_facts(sequence: TokenSequence, vocabulary: Vocabulary | None) -> list[Fact]:
    assert sequence.trained is not None
    count, whole = sequence.trained_count, len(sequence)
    share = f"{count:,}, {percent(count, whole)}"
    facts = [Fact("trained", share if count else "nothing", "trained" if count else "warning")]
    runs = int(np.count_nonzero(sequence.trained[sequence.span_starts]))
    facts.append(Fact("spans", f"{len(sequence.span_starts):,}, {runs:,} trained"))
    if count:
        places = np.flatnonzero(sequence.trained)
        first, last = int(places[0]), int(places[-1])
        facts.append(Fact("first", _place(sequence, first, vocabulary)))
        facts.append(Fact("last", _place(sequence, last, vocabulary)))
    return facts


def _end_facts(sequence: TokenSequence, vocabulary: Vocabulary) -> list[Fact]:
    """Tell whether the token that ends the sequence is trained."""
    if not len(sequence):
        return []
    end = end_token(sequence, vocabulary)
    if end is None:
        return [Fact("end token", "none at the end", "warning")]
    place = _place(sequence, end.index, vocabulary)
    if end.trained is None:
        return [Fact("end token", place)]
    state = "trained" if end.trained else "masked"
    return [Fact("end token", f"{place}, {state}", "trained" if end.trained else "warning")]


def _place(sequence: TokenSequence, index: int, vocabulary: Vocabulary | None) -> str:
    token_id = int(sequence.ids[index])
    if vocabulary is None:
        return f"id {token_id} at {index:,}"
    known = vocabulary.piece(token_id) is not None
    text = token_text(sequence, index, vocabulary) if known else glyphs.unknown_id(token_id)
    return f"{text} at {index:,}"


def _range(start: int, stop: int) -> str:
    return f"{start:,}" if stop - start == 1 else f"{start:,}–{stop - 1:,}"


def _short(text: str, *, space: str = " ") -> str:
    shown = glyphs.safe(text[:MAX_TEXT], space=space)
    return shown + "…" if len(text) > MAX_TEXT else shown
