"""Lines made of parts: what bars and lists are drawn from, cut to a width.

Every text that comes from data has passed ``glyphs.safe`` before it becomes a part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line: its text, its tone (tones.py), the app action that a click on it runs."""

    text: str
    tone: str = ""
    action: str = ""

    @property
    def width(self) -> int:
        """Return its width in cells."""
        return cell_len(self.text)


Line = tuple[Part, ...]


def line_width(parts: Iterable[Part]) -> int:
    """Return the width of a line in cells."""
    return sum(part.width for part in parts)


def fitted(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Part]:
    """Return parts of exactly ``width`` cells: ``right`` kept as far as it goes, ``left`` cut."""
    right = _cut(right, width)
    room = width - line_width(right)
    left = _cut(left, max(0, room - 1) if right else room)
    gap = room - line_width(left)
    return [*left, Part(" " * gap), *right] if gap else [*left, *right]


def _cut(parts: Sequence[Part], width: int) -> list[Part]:
    kept: list[Part] = []
    for part in parts:
        if part.width <= width:
            kept.append(part)
            width -= part.width
            continue
        if width > 1:
            kept.append(Part(set_cell_size(part.text, width - 1) + "…", part.tone, part.action))
        elif width == 1:
            kept.append(Part("…", part.tone, part.action))
        break
    return kept


def part_at(parts: Iterable[Part], x: int) -> Part | None:
    """Return the part that covers cell ``x``."""
    for part in parts:
        x -= part.width
        if x < 0:
            return part
    return None
