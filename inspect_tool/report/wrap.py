"""Segments of text folded into lines of a terminal's width, between words where possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Segment(NamedTuple):
    """Text of one style; ``sgr`` holds the parameters of an SGR sequence, empty for none."""

    text: str
    sgr: str = ""


Line = list[Segment]


def lines_of(segments: Iterable[Segment]) -> Iterator[Line]:
    """Split segments at every newline; the newlines are left out."""
    line: Line = []
    for text, sgr in segments:
        first, *others = text.split("\n")
        if first:
            line.append(Segment(first, sgr))
        for part in others:
            yield line
            line = [Segment(part, sgr)] if part else []
    if line:
        yield line


def wrapped(line: Line, width: int, *, space: str = " ") -> Iterator[Line]:
    """Fold one line to ``width`` cells: after ``space``, or anywhere in a word too long for it."""
    text = "".join(part.text for part in line)
    parts = iter(line)
    part = next(parts, Segment(""))
    used = start = 0
    for stop in _bounds(text, width, space):
        folded: Line = []
        while start < stop:
            if used == len(part.text):
                part, used = next(parts), 0
            taken = min(stop - start, len(part.text) - used)
            folded.append(Segment(part.text[used : used + taken], part.sgr))
            used += taken
            start += taken
        yield folded


def _bounds(text: str, width: int, space: str) -> Iterator[int]:
    """Yield where each folded line of ``text`` ends, at least once."""
    start = 0
    while (stop := _fitting(text, start, width)) < len(text):
        if text[stop] != space:
            stop = text.rfind(space, start, stop) + 1 or stop
        yield stop
        start = stop
    yield stop


def _fitting(text: str, start: int, width: int) -> int:
    """Return the end of the longest part of ``text`` from ``start`` that fits ``width`` cells."""
    piece = text[start : start + width]
    if piece.isascii():
        return start + len(piece)
    from rich.cells import get_character_cell_size

    used = 0
    for index, char in enumerate(piece):
        used += get_character_cell_size(char)
        if used > width:
            return start + max(index, 1)
    return start + len(piece)
