"""Histograms as numbers ready to draw: bars, ticks and words, in the units of an SVG's view box."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inspect_tool.samples.census import Census, Histogram

WIDTH: Final = 480
HEIGHT: Final = 220
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 44
"""Margins around the plot's area, for the axes and their words."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin: its rectangle, and what it says in words and numbers."""

    x: float
    y: float
    width: float
    height: float
    range: str
    rows: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what stands beside it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A histogram of rows. ``limit`` is a line across it, such as the config's sequence_len.

    ``left``, ``right``, ``top`` and ``bottom`` bound the area of the bars in the view box.
    """

    name: str
    title: str
    description: str
    axis: str
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    limit: Tick | None = None
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def length_plot(census: Census, *, sequence_len: int | None = None) -> Plot:
    """Draw how long the rows are; ``sequence_len`` is the config's, None if it says none."""
    histogram = census.length_histogram(bins=min(40, max(_distinct(census), 1)))
    half, most = census.quantile(0.5), census.quantile(0.95)
    description = (
        f"Tokens per row: shortest {_number(histogram.low)}, median {_number(half)}, "
        f"95% of the rows up to {_number(most)}, longest {_number(histogram.high)}."
    )
    plot = _Plot(histogram, lambda value: _number(math.ceil(value)))
    inside = sequence_len is not None and histogram.low < sequence_len <= histogram.high
    return plot.drawn(
        name="length",
        title="Length",
        description=description,
        axis="tokens per row",
        limit=Tick(plot.x(sequence_len), f"sequence_len {_number(sequence_len)}")
        if inside and sequence_len is not None
        else None,
    )


def share_plot(census: Census) -> Plot:
    """Draw how much of the rows is trained."""
    shares = census.shares
    nothing = int((shares == 0).sum())
    everything = int((shares == 1).sum())
    description = (
        f"Share of a row's tokens that is trained: {census.trained_share:.1%} over all rows. "
        f"{_rows(nothing)} with nothing trained, {_rows(everything)} with everything trained."
    )
    return _Plot(census.share_histogram(), lambda value: f"{value:.0%}").drawn(
        name="share",
        title="Trained share",
        description=description,
        axis="share of a row's tokens that is trained",
    )


class _Plot:
    """Scales one histogram to the plot's area."""

    def __init__(self, histogram: Histogram, text: Callable[[float], str]) -> None:
        self._counts = histogram.counts.tolist()
        flat = histogram.high <= histogram.low
        self._low = histogram.low - 0.5 if flat else histogram.low
        self._high = histogram.low + 0.5 if flat else histogram.high
        self._flat = flat
        self._text = text
        self._y_ticks = steps(0, max(self._counts, default=0) or 1, whole=True)
        self._top = max(self._y_ticks[-1], max(self._counts, default=0))

    def x(self, value: float) -> float:
        """Return where a value lies across."""
        share = (value - self._low) / (self._high - self._low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 2)

    def y(self, rows: float) -> float:
        """Return where a number of rows lies upwards."""
        return round(HEIGHT - BOTTOM - rows / self._top * (HEIGHT - TOP - BOTTOM), 2)

    def drawn(
        self, *, name: str, title: str, description: str, axis: str, limit: Tick | None = None
    ) -> Plot:
        """Return the plot."""
        values = [self._low + 0.5] if self._flat else steps(self._low, self._high, about=6)
        return Plot(
            name=name,
            title=title,
            description=description,
            axis=axis,
            bars=tuple(self._bars()),
            x_ticks=tuple(Tick(self.x(value), self._text(value)) for value in values),
            y_ticks=tuple(Tick(self.y(rows), _number(rows)) for rows in self._y_ticks),
            limit=limit,
        )

    def _bars(self) -> list[Bar]:
        counts = [sum(self._counts)] if self._flat else self._counts
        step = (self._high - self._low) / max(len(counts), 1)
        bars = []
        for index, rows in enumerate(counts):
            low, high = self._low + index * step, self._low + (index + 1) * step
            x, y = self.x(low), self.y(rows)
            # A bin with few rows of many keeps a visible bar: rare rows are what one looks for.
            y = min(y, HEIGHT - BOTTOM - 1.5) if rows else y
            words = (
                self._text(low + 0.5) if self._flat else f"{self._text(low)} to {self._text(high)}"
            )
            width = round(max(self.x(high) - x - 1, 1), 2)
            bars.append(Bar(x, y, width, round(HEIGHT - BOTTOM - y, 2), words, rows))
        return bars


def steps(low: float, high: float, *, about: int = 4, whole: bool = False) -> Sequence[float]:
    """Return round values between ``low`` and ``high``, some ``about`` of them, ascending."""
    raw = (high - low) / about
    size = 10 ** math.floor(math.log10(raw))
    step = next((size * factor for factor in (1, 2, 5) if raw <= size * factor), size * 10)
    if whole:
        step = max(step, 1)
    first, last = math.ceil(low / step), math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)] or [low]


def _distinct(census: Census) -> int:
    lengths = census.lengths[: census.done]
    return int(lengths.max()) - int(lengths.min()) if len(lengths) else 0


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
