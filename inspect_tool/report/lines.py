"""Segments written as lines: headings, folding, and styles as SGR sequences."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from inspect_tool.report.marks import HEADING, ascii_only, marks_of
from inspect_tool.report.wrap import Line, Segment, lines_of, wrapped
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inspect_tool.report.look import Look


def printed(segments: Iterable[Segment], look: Look) -> str:
    """Fold segments to the look's width and write their styles as SGR sequences."""
    lines = lines_of(segments)
    if look.width is not None:
        width = look.width
        space = marks_of(look).space if look.whitespace else " "
        lines = chain.from_iterable(wrapped(line, width, space=space) for line in lines)
    return "".join(f"{_written(line)}\n" for line in lines)


def _written(line: Line) -> str:
    return "".join(f"\x1b[{sgr}m{text}\x1b[0m" if sgr and text else text for text, sgr in line)


def heading(parts: Iterable[str], look: Look, *, rule: bool = True) -> Iterator[Segment]:
    """Yield one line that names what follows it."""
    text = joined(parts, look)
    bar = marks_of(look).bar
    text = f"{bar * 2} {text}"
    if rule:
        text += f" {bar * max((look.width or 0) - len(text) - 1, 2)}"
    yield Segment(text, HEADING if look.color else "")
    yield Segment("\n")


def joined(parts: Iterable[str], look: Look) -> str:
    """Return the parts of a line, safe and separated; they may come from anywhere."""
    text = marks_of(look).separator.join(safe(part, newline=" ") for part in parts)
    return text if look.unicode else ascii_only(text)
