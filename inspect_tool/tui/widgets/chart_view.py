"""One curve of a run, drawn anew when a step comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import reactive
from textual.widget import Widget

from inspect_tool.tui.chart import Curve, chart
from inspect_tool.tui.tones import Tones

if TYPE_CHECKING:
    from textual.strip import Strip


class ChartView(Widget):
    """Shows ``curve`` in whatever room there is."""

    curve: reactive[Curve] = reactive(Curve(""))

    def __init__(self, name: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tones = Tones(self)
        self.set_reactive(ChartView.curve, Curve(name))

    def notify_style_update(self) -> None:
        """Forget styles that the theme has changed."""
        super().notify_style_update()
        self._tones.clear()

    def render_line(self, y: int) -> Strip:
        """Draw one line of it."""
        lines = chart(self.curve, self.size.width, self.size.height)
        return self._tones.strip(lines[y] if y < len(lines) else (), self.size.width)
