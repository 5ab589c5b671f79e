"""Curves of a run: whatever the numbers and the room, the picture fits and says what they are."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from textual.app import App

from inspect_tool.tui.chart import Curve, number, thinned
from inspect_tool.tui.theme import DARK, LIGHT
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.chart_view import ODD, ChartView, CurvePlot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.style import Style
    from textual.app import ComposeResult
    from textual.pilot import Pilot

FALLING = Curve("loss", tuple((step, 10.0 - step) for step in range(1, 10)))
HOLE = Curve("loss", ((1, 3.0), (2, 3.0), (5, None), (8, 1.0), (9, 1.0)))
CURVES = (
    Curve("none"),
    FALLING,
    HOLE,
    Curve("one", ((3, 2.0),)),
    Curve("zero", ((0, 0.0),)),
    Curve("flat", ((1, 5.0), (2, 5.0))),
    Curve("odd", ((1, None), (2, None))),
    Curve("huge", ((1, -1.7e308), (2, 1.7e308))),
    Curve("tiny", ((1, 5e-324), (2, 0.0))),
    Curve("far", ((1, 1e-30), (1_000_000, 3e-30))),
    Curve("steps", ((10**400, 1.0),)),
    Curve("back", ((5, 1.0), (3, 2.0))),
)
SPIKED = [(step, 1.0) for step in range(100_000)]
SPIKED[31_415] = (31_415, 9.0)
LONG = Curve("loss", (*SPIKED[:70_000], (70_000, None), *SPIKED[70_001:]))


class ChartApp(App[None]):
    """A chart that has the whole terminal."""

    def compose(self) -> ComposeResult:
        """Show it."""
        yield ChartView("loss")

    def on_mount(self) -> None:
        """Take the app's own themes."""
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name


@dataclass(frozen=True)
class Chart:
    """A chart on the screen: give it a curve, get its lines."""

    pilot: Pilot[None]
    view: ChartView
    plot: CurvePlot

    def title(self, curve: Curve) -> str:
        """Return the line above the plot of a curve."""
        self.view.curve = curve
        return self.view.query_one(Bar).text.strip()

    def drawn(self, curve: Curve) -> list[str]:
        """Return the lines of the plot of a curve."""
        self.view.curve = curve
        return [self.plot.render_line(y).text for y in range(self.plot.size.height)]

    def style_of(self, glyphs: str) -> Style:
        """Return the style of the first of these glyphs."""
        lines = [self.plot.render_line(y) for y in range(self.plot.size.height)]
        found = (part.style for line in lines for part in line if set(part.text) & set(glyphs))
        style = next(found)
        assert style is not None
        return style


@asynccontextmanager
async def charting(width: int = 40, height: int = 12) -> AsyncIterator[Chart]:
    """Show a chart in a terminal of this size."""
    app = ChartApp()
    async with app.run_test(size=(width, height)) as pilot:
        yield Chart(pilot, app.query_one(ChartView), app.query_one(CurvePlot))


@pytest.mark.parametrize("size", [(14, 4), (40, 9), (41, 30), (200, 5)])
async def test_every_curve_fits(size: tuple[int, int]) -> None:
    """The axes are where they belong, whatever the numbers: nothing is wrapped or cut."""
    async with charting(*size) as chart:
        drawn = [chart.drawn(curve) for curve in CURVES]

    assert {len(lines) for lines in drawn} == {size[1] - 1}
    assert {len(line) for lines in drawn for line in lines} == {size[0]}
    assert {lines[-2][8] for lines in drawn} == {"└"}
    assert {line[8] for lines in drawn for line in lines[:-2]} <= set("┤│")


async def test_axes_say_their_ends() -> None:
    """The highest, the middle and the lowest number; the first and the last step."""
    async with charting() as chart:
        lines = chart.drawn(FALLING)

    assert [line.split("┤")[0].strip() for line in lines if "┤" in line] == ["9", "5", "1"]
    assert lines[-1].split() == ["1", "9"]


async def test_a_falling_curve_falls() -> None:
    """It begins at the top left and ends at the bottom right."""
    async with charting() as chart:
        body = [line[9:] for line in chart.drawn(FALLING)[:-2]]

    starts = [len(line) - len(line.lstrip()) for line in body]
    assert starts[0] == 0
    assert all(before < after for before, after in pairwise(starts))
    assert not body[-1].endswith(" ")


async def test_what_is_not_finite_is_a_mark() -> None:
    """It stands above its step, and the curve has a hole there."""
    async with charting() as chart:
        lines = chart.drawn(HOLE)

    assert "".join(lines).count(ODD) == 1
    assert lines[0][9:].index(ODD) == 15
    assert all(not line[14:34].strip(f" {ODD}") for line in lines[:-2])


async def test_the_title_says_the_last_number() -> None:
    """Also that it was not finite, or that there is none yet."""
    async with charting() as chart:
        titles = [
            chart.title(curve)
            for curve in (FALLING, Curve("loss", ((1, 3.0), (2, None))), Curve("loss"))
        ]

    assert titles == ["loss 1", "loss not finite", "loss no step yet"]


async def test_no_room_leaves_the_title() -> None:
    """Too small for axes, it still says the last number."""
    async with charting(12, 3) as chart:
        lines = chart.drawn(FALLING)
        title = chart.title(FALLING)

    assert not "".join(lines).strip()
    assert title == "loss 1"


async def test_colours_are_those_of_the_theme() -> None:
    """Of the curve, the axes and the marks: another theme has others."""
    async with charting() as chart:
        chart.drawn(HOLE)
        dark = [chart.style_of(glyphs).color for glyphs in ("⠉⠒⠤⣀", "│", ODD)]
        chart.pilot.app.theme = LIGHT.name
        await chart.pilot.pause()
        light = [chart.style_of(glyphs).color for glyphs in ("⠉⠒⠤⣀", "│", ODD)]

    assert len(set(dark)) == 3
    assert not set(dark) & set(light)


async def test_the_terminals_own_colours() -> None:
    """A theme of them is drawn with them."""
    async with charting() as chart:
        chart.pilot.app.theme = "ansi-dark"
        await chart.pilot.pause()
        chart.drawn(HOLE)
        color = chart.style_of("⠉⠒⠤⣀").color

    assert color is not None
    assert color.triplet is None


async def test_a_long_run_keeps_its_peak_and_its_mark() -> None:
    """Of 100,000 steps, the one that is high and the one that was not finite are seen."""
    async with charting() as chart:
        lines = chart.drawn(LONG)

    assert lines[0].startswith("       9┤")
    assert lines[0][9:].strip(f" {ODD}")
    assert "".join(lines).count(ODD) == 1
    assert lines[-1].split() == ["0", "99,999"]


def test_thinned_is_few_and_keeps_both_ends() -> None:
    """At most three a column; the lowest, the highest and what was not finite are among them."""
    points = thinned(LONG.points, 50)

    assert len(points) <= 3 * 50 + 2
    assert {(0, 1.0), (31_415, 9.0), (70_000, None), (99_999, 1.0)} <= set(points)
    assert list(points) == sorted(points, key=lambda point: point[0])


def test_few_points_are_not_thinned() -> None:
    """Where there is room for all, all are kept."""
    assert thinned(FALLING.points, 3) == FALLING.points


@pytest.mark.parametrize(
    ("value", "says"),
    [(0.0, "0"), (3.14159, "3.142"), (2e-4, "2.0e-04"), (-1.5e300, "-2e+300"), (1e5, "1.0e+05")],
)
def test_a_number_is_short(value: float, says: str) -> None:
    """At most eight characters."""
    assert number(value) == says
