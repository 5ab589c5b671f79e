"""Which raw rows a prepared row is likely to have come from, told by its text.

Rendering every raw row would tell for certain, but takes minutes on a large dataset. A row's own
texts mostly stand in the prepared text as they are; the middle and the ends of each tell.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.digests import column_digest
from inspect_tool.prompts.strategies.sources import texts_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.prompts.strategies.reader import Rendered
    from inspect_tool.prompts.strategies.sessions import Session

PROBE = 24
"""Characters from the middle and the ends of a text that are looked for."""
TELLING = 8
"""Shorter texts tell little."""


@dataclass(frozen=True)
class Needle:
    """A prepared row: the ids of its sequences and its labels, or its columns of text."""

    sequences: tuple[tuple[int, ...], ...] = ()
    labels: tuple[int, ...] | None = None
    columns: dict[str, Any] | None = None

    def text(self, tokenizer: Any) -> str:
        """Return what the row reads."""
        if self.columns is not None:
            return "\n".join(text for _, text in texts_in(self.columns))
        return "\n".join(
            tokenizer.decode(list(ids), skip_special_tokens=False) for ids in self.sequences
        )

    def compare(self, rendered: Rendered) -> str | None:
        """Say how alike a rendered row is: ``same``, ``cut``, ``relabelled`` or not at all."""
        if self.columns is not None:
            same = column_digest(self.columns) == column_digest(rendered.columns or {})
            return "same" if same else None
        ids = [tuple(ids) for _, ids in rendered.sequences]
        labels = None if rendered.labels is None else tuple(rendered.labels)
        if list(self.sequences) == ids:
            return "same" if self.labels == labels else "relabelled"
        length = len(self.sequences[0])
        if labels is not None and ids[0][:length] == self.sequences[0]:
            return "cut" if labels[:length] == self.labels else None
        return None


def likeliest(opened: Session, needle: Needle, text: str, most: int) -> Iterator[tuple[int, int]]:
    """Yield (dataset, raw row) of the rows most alike, the most alike first."""
    scored = (
        (_score(row, needle, text), -source, -number)
        for source, item in enumerate(opened.sources)
        for number, row in item.numbered()
    )
    best = heapq.nlargest(most, (item for item in scored if item[0] > 0))
    return ((-source, -number) for _, source, number in best)


def _score(row: dict[str, Any], needle: Needle, text: str) -> float:
    """Return the share of a row's text that stands in ``text``, or 1 if ``text`` stands in it."""
    if "input_ids" in row:
        return float(tuple(row["input_ids"]) == needle.sequences[0])
    found, total = 0.0, 0
    inner = _middle(text)
    for _, value in texts_in(row):
        if len(value) < TELLING:
            continue
        total += len(value)
        if _middle(value) in text:
            bare = value.strip()
            ends = (bare[:PROBE] in text) + (bare[-PROBE:] in text)
            found += len(value) * (1 + ends) / 3
        elif len(value) > len(text) and inner in value:
            return 1.0
    return found / total if total else 0.0


def _middle(text: str) -> str:
    start = max((len(text) - PROBE) // 2, 0)
    return text[start : start + PROBE]
