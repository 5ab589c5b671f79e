"""One sample as text for a terminal or a pipe: one line that sums it up, then what it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.report.lines import heading, printed
from inspect_tool.report.marks import HEADING, Piece, drawn, drawn_text
from inspect_tool.report.pieces import pieces_of
from inspect_tool.report.plain_values import json_text
from inspect_tool.report.summary import summary
from inspect_tool.report.wrap import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inspect_tool.report.look import Look
    from inspect_tool.samples.sample import Sample, TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

MAX_COLUMN = 2000
"""Characters of a plain column's value that are shown; JSON output has them all."""


def sample_text(sample: Sample, vocabulary: Vocabulary | None, look: Look) -> str:
    """Return one sample as lines of text, the last one ended; every character of it is safe."""
    return printed(_sample(sample, vocabulary, look), look)


def _sample(sample: Sample, vocabulary: Vocabulary | None, look: Look) -> Iterator[Segment]:
    title = [f"row {sample.row}", *([sample.split] if sample.split else [])]
    single = len(sample.sequences) == 1 and sample.sequences[0].stored_text is None
    if single:
        title += summary(sample.sequences[0], vocabulary)
    yield from heading(title, look)
    for sequence in sample.sequences:
        if not single:
            yield from heading([sequence.name, *summary(sequence, vocabulary)], look, rule=False)
        yield from _ended(_sequence(sequence, vocabulary, look))
    for name, value in sample.columns.items():
        yield from _ended(_column(name, value, look))
    yield Segment("\n")


def _ended(segments: Iterable[Segment]) -> Iterator[Segment]:
    """End the last line, but do not add a blank one."""
    last = "\n"
    for segment in segments:
        last = segment.text or last
        yield segment
    if not last.endswith("\n"):
        yield Segment("\n")


def _sequence(
    sequence: TokenSequence, vocabulary: Vocabulary | None, look: Look
) -> Iterator[Segment]:
    if sequence.stored_text is not None and not (look.ids and len(sequence)):
        return drawn([Piece(sequence.stored_text)], look)
    return drawn(pieces_of(sequence, vocabulary, look), look)


def _column(name: str, value: Any, look: Look) -> Iterator[Segment]:
    label = drawn_text(name, look)
    yield Segment(f"{label}:", HEADING if look.color else "")
    if _is_conversation(value):
        for message in value:
            yield Segment("\n")
            text = message["content"] if isinstance(message["content"], str) else None
            content = json_text(message["content"]) if text is None else text
            yield Segment(drawn_text(f"  {message['role']}: {_cut(content)}", look))
        return
    text = value if isinstance(value, str) else json_text(value)
    yield Segment(f" {drawn_text(_cut(text), look)}" if text else "")


def _is_conversation(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and {"role", "content"} <= item.keys() for item in value)
    )


def _cut(text: str) -> str:
    if len(text) <= MAX_COLUMN:
        return text
    return f"{text[:MAX_COLUMN]} ... ({len(text):,} characters; --json prints all)"
