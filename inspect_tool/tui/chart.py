"""A curve with axes as lines of parts: braille dots, eight to a cell, so that it fits beside a log.

Drawn here rather than by a plotting library: a number that is not finite must be seen as such, the
colours are the theme's, and nothing is imported for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bit of each dot in a braille cell, by column and row."""
ODD: Final = "✖"
"""Where the number is not finite."""
LABEL: Final = 9
"""Cells of the vertical axis's numbers."""
MIN_WIDTH: Final = LABEL + 6
MIN_HEIGHT: Final = 4


@dataclass(frozen=True)
class Curve:
    """A name and points: ``x`` ascending, ``y`` None where it was not finite."""

    name: str
    points: tuple[tuple[float, float | None], ...] = ()


def chart(curve: Curve, width: int, height: int) -> list[Line]:
    """Draw a curve in ``width`` x ``height`` cells, with its name, both axes and its last value."""
    finite = [(x, y) for x, y in curve.points if y is not None]
    title = _title(curve, width)
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return [title][:height]
    rows = height - 2
    if not curve.points:
        return [title, *[(Part(" " * LABEL + "│", "dim"),)] * rows, _floor("", "", width - LABEL)]
    low, high = _range([y for _, y in finite])
    steps = curve.points[0][0], curve.points[-1][0]
    plot = _Plot((width - LABEL - 1, rows), across=steps, up=(low, high))
    for before, after in zip(curve.points, curve.points[1:], strict=False):
        if before[1] is not None and after[1] is not None:
            plot.line(before[0], before[1], after[0], after[1])
    for x, y in curve.points:
        if y is None:
            plot.odd(x)
        else:
            plot.dot(x, y)
    labels = {0: high, rows - 1: low}
    if rows >= 7:
        labels[rows // 2] = plot.value_at(rows // 2)
    lines: list[Line] = [title]
    for row in range(rows):
        label = number(labels[row]) if row in labels and finite else ""
        axis = "┤" if row in labels else "│"
        lines.append((Part(f"{label:>{LABEL - 1}} {axis}", "dim"), *plot.row(row)))
    first, last = f"{curve.points[0][0]:g}", f"{curve.points[-1][0]:g}"
    return [*lines, _floor(first, last if last != first else "", width - LABEL)]


def number(value: float) -> str:
    """Return a number in at most eight characters."""
    if value and not 1e-3 <= abs(value) < 1e5:
        said = f"{value:.1e}"
        return said if len(said) < LABEL else f"{value:.0e}"
    return f"{value:.4g}"


def _title(curve: Curve, width: int) -> Line:
    said = Part(f" {curve.name} ", "strong")
    if not curve.points:
        return (said, Part("no step yet", "dim"))
    last = curve.points[-1][1]
    value = Part("not finite", "bad") if last is None else Part(number(last), "accent")
    return (said, value) if width > said.width + value.width else (said,)


def _floor(first: str, last: str, width: int) -> Line:
    """Return the horizontal axis with the first and the last step below it in one line."""
    room = width - 1 - len(first) - len(last)
    if room < 2:
        first, room = "", width - 1 - len(last)
    return (Part(" " * LABEL + "└" + first + "─" * max(room, 0) + last, "dim"),)


def _range(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        pad = abs(high) * 0.1 or 1.0
        return low - pad, high + pad
    return low, high


class _Plot:
    """Dots over two ranges of numbers, in ``size`` cells."""

    def __init__(
        self, size: tuple[int, int], *, across: tuple[float, float], up: tuple[float, float]
    ) -> None:
        self.columns, self.rows = size
        self.left, self.span = across[0], (across[1] - across[0]) or 1.0
        self.low, self.height = up[0], up[1] - up[0]
        self._cells = [[0] * self.columns for _ in range(self.rows)]
        self._odd: set[int] = set()

    def dot(self, x: float, y: float) -> None:
        self._set(*self._place(x, y))

    def odd(self, x: float) -> None:
        column, _ = self._place(x, self.low)
        self._odd.add(column // 2)

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        (a, b), (c, d) = self._place(x1, y1), self._place(x2, y2)
        steps = max(abs(c - a), abs(d - b), 1)
        for step in range(steps + 1):
            self._set(round(a + (c - a) * step / steps), round(b + (d - b) * step / steps))

    def value_at(self, row: int) -> float:
        return self.low + self.height * (1 - row / max(self.rows - 1, 1))

    def row(self, row: int) -> Line:
        """Return one line of cells; those of numbers that are not finite stand at the top."""
        parts: list[Part] = []
        begun = ""
        for column, bits in enumerate(self._cells[row]):
            if row == 0 and column in self._odd:
                parts += [Part(begun, "accent"), Part(ODD, "bad")]
                begun = ""
            else:
                begun += chr(BLANK + bits) if bits else " "
        return (*parts, Part(begun, "accent"))

    def _place(self, x: float, y: float) -> tuple[int, int]:
        across = (x - self.left) / self.span * (2 * self.columns - 1)
        share = (y - self.low) / self.height
        up = share * (4 * self.rows - 1) if math.isfinite(share) else 0.0
        return round(across), 4 * self.rows - 1 - round(up)

    def _set(self, x: int, y: int) -> None:
        x, y = min(max(x, 0), 2 * self.columns - 1), min(max(y, 0), 4 * self.rows - 1)
        self._cells[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
