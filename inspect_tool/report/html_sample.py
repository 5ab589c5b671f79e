"""One sample as the page shows it: what one line says about it, its tokens, its plain columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tool.errors import InspectError
from inspect_tool.report.html_tokens import TokensView, tokens_view
from inspect_tool.report.plain_values import json_text
from inspect_tool.report.summary import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.opened import Opened
    from inspect_tool.report.html_pieces import Pieces
    from inspect_tool.report.html_rows import Mark
    from inspect_tool.samples.sample import Sample, TokenSequence

MAX_COLUMN: Final = 4000
"""Characters of a plain column's value that the page shows."""
STRIP_WIDTH: Final = 1000
"""Units across the strip that shows where in a sequence the trained tokens lie."""
NARROWEST: Final = 2
"""Units that even one trained token takes on the strip."""
PAIRS: Final = ({"chosen", "rejected"},)
"""Sequences that are read side by side."""


@dataclass(frozen=True, slots=True)
class SequenceView:
    """One sequence: ``strip`` is the path of an SVG that marks the trained tokens."""

    name: str
    parts: tuple[str, ...]
    tokens: TokensView
    strip: str | None


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A plain column; ``messages`` are (role, text) where the value is a conversation."""

    name: str
    text: str
    messages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SampleView:
    """One row. ``problem`` says why it cannot be shown; ``marks`` are the findings it is in."""

    row: int
    split: str | None
    marks: tuple[Mark, ...]
    sequences: tuple[SequenceView, ...] = ()
    columns: tuple[ColumnView, ...] = ()
    problem: str | None = None

    @property
    def paired(self) -> bool:
        """Whether the last two sequences are read side by side."""
        return {view.name for view in self.sequences[-2:]} in PAIRS


def sample_view(opened: Opened, row: int, marks: Sequence[Mark], pieces: Pieces) -> SampleView:
    """Read one row for the page; a row that cannot be read says why."""
    try:
        sample = opened.sample(row)
    except InspectError as error:
        return SampleView(row, opened.split_of(row), tuple(marks), problem=str(error))
    return SampleView(
        row=row,
        split=sample.split,
        marks=tuple(marks),
        sequences=tuple(_sequences(sample, opened, pieces)),
        columns=tuple(_column(name, value) for name, value in sample.columns.items()),
    )


def _sequences(sample: Sample, opened: Opened, pieces: Pieces) -> list[SequenceView]:
    vocabulary = opened.vocabulary
    return [
        SequenceView(
            name=sequence.name,
            parts=tuple(summary(sequence, vocabulary)),
            tokens=tokens_view(sequence, vocabulary, pieces),
            strip=_strip(sequence),
        )
        for sequence in sample.sequences
    ]


def _strip(sequence: TokenSequence) -> str | None:
    """Return ``M x 0 h width`` for each trained run that can be told from the one before it."""
    if sequence.trained is None or not len(sequence):
        return None
    scale = STRIP_WIDTH / len(sequence)
    drawn: list[tuple[float, float]] = []
    for span in sequence.spans:
        if not span.trained:
            continue
        start, stop = span.start * scale, max(span.stop * scale, span.start * scale + NARROWEST)
        if drawn and start <= drawn[-1][1]:
            drawn[-1] = (drawn[-1][0], max(stop, drawn[-1][1]))
        else:
            drawn.append((start, stop))
    return "".join(f"M{start:.1f} 0h{stop - start:.1f}" for start, stop in drawn)


def _column(name: str, value: Any) -> ColumnView:
    if _is_conversation(value):
        messages = tuple((str(item["role"]), _text(item["content"])) for item in value)
        return ColumnView(name, "", messages)
    return ColumnView(name, _text(value))


def _is_conversation(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and {"role", "content"} <= item.keys() for item in value)
    )


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json_text(value)
    if len(text) <= MAX_COLUMN:
        return text
    return f"{text[:MAX_COLUMN]} … ({len(text):,} characters; inspect-tool show --json has all)"
