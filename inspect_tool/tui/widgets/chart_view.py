"""One curve of a run with its last value above it, drawn by plotext anew when a step comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Vertical
from textual.reactive import reactive
from textual_plotext import PlotextPlot

from inspect_tool.tui.chart import LABEL, Curve, Point, limits, near, number, thinned
from inspect_tool.tui.tones import Tones
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from textual.app import ComposeResult, RenderResult

ODD: Final = "✖"
"""Where the number is not finite."""
MIN_WIDTH: Final = LABEL + 6
MIN_HEIGHT: Final = 3


class ChartView(Vertical):
    """Shows ``curve`` in whatever room there is; where that is little, its last value alone."""

    DEFAULT_CSS = """
    ChartView {
        CurvePlot { color: $foreground 60%; }
    }
    """

    curve: reactive[Curve] = reactive(Curve(""), init=False)

    def __init__(self, name: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        curve = Curve(name)
        self.set_reactive(ChartView.curve, curve)
        self._title, self._plot = Bar(_title(curve)), CurvePlot(curve)

    def compose(self) -> ComposeResult:
        """Put the title above the plot."""
        yield self._title
        yield self._plot

    def watch_curve(self, curve: Curve) -> None:
        """Say the last value, and draw."""
        self._title.left = _title(curve)
        self._plot.show(curve)


class CurvePlot(PlotextPlot):
    """A curve in braille between two axes that say their ends."""

    def __init__(self, curve: Curve) -> None:
        super().__init__()
        self._curve = curve
        self._tones = Tones(self)
        self.set_reactive(PlotextPlot.theme, "textual-default")

    def show(self, curve: Curve) -> None:
        """Draw another curve."""
        self._curve = curve
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget colours that the theme has changed."""
        super().notify_style_update()
        self._tones.clear()

    def render(self) -> RenderResult:
        """Draw the curve in the room that there is now."""
        if self.size.width < MIN_WIDTH or self.size.height < MIN_HEIGHT:
            return ""
        self._put(thinned(self._curve.points, self.size.width - LABEL - 1))
        return super().render()

    def _put(self, points: tuple[Point, ...]) -> None:
        plot = self.plt
        plot.clear_figure()
        plot.xaxes(lower=True, upper=False)
        plot.yaxes(left=True, right=False)
        xs = [near(x) for x, _ in points]
        ys = [None if y is None else near(y) for _, y in points]
        odd = [x for x, y in zip(xs, ys, strict=True) if y is None]
        low, high = limits(y for y in ys if y is not None)
        plot.plot(xs, ys, marker="braille", color=self._color("accent"))
        if odd:
            plot.scatter(odd, [high] * len(odd), marker=ODD, color=self._color("bad"), style="bold")
        plot.xlim(*limits(xs))
        plot.ylim(low, high)
        ticks = [low, low / 2 + high / 2, high] if self.size.height >= 9 else [low, high]
        known = len(odd) < len(points)
        plot.yticks(ticks, [f"{number(tick) if known else '':>{LABEL}}" for tick in ticks])
        ends = sorted({*xs[:1], *xs[-1:]})
        plot.xticks(ends or [0.0], [f"{end:,.10g}" for end in ends] or [" "])

    def _color(self, tone: str) -> tuple[int, int, int] | int | str:
        """Return a tone's colour as plotext has it."""
        color = self._tones.style(tone).color
        if color is None or color.is_default:
            return "default"
        if color.triplet is None:
            return color.number or 0
        red, green, blue = color.triplet
        return red, green, blue


def _title(curve: Curve) -> Line:
    said = Part(f"{curve.name} ", "strong")
    if not curve.points:
        return (said, Part("no step yet", "dim"))
    last = curve.points[-1][1]
    return (said, Part("not finite", "bad") if last is None else Part(number(last), "accent"))
