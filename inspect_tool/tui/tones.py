"""The few colours and emphases of bars and lists, taken from the theme.

Not component classes: those cost the first screen a style look-up each, for every bar and list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from inspect_tool.tui.widgets.parts import Part

State = Literal["", "cursor", "cursor-blurred", "current"]
"""What a line is: under the cursor of the list that has the focus or has not, or what is shown."""

_VARIABLES: Final = {
    "accent": "text-primary",
    "good": "text-success",
    "warn": "text-warning",
    "bad": "text-error",
}
_BOLD: Final = frozenset({"strong", "accent", "bad"})
_DIM: Final = 0.6
"""How much of the text colour a dim part keeps."""
_STATES: Final[dict[State, tuple[str, float]]] = {
    "cursor": ("primary", 0.38),
    "cursor-blurred": ("primary", 0.18),
    "current": ("panel", 1.0),
}
"""The theme's colour behind a line in a state, and how much of it."""


class Tones:
    """Rich styles for a widget's parts: a tone's colour on a state's background; cached."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[str, State], Style] = {}

    def clear(self) -> None:
        """Forget everything; the widget's styles have changed."""
        self._styles.clear()

    def style(self, tone: str, state: State = "") -> Style:
        """Return the style of a tone in a state."""
        key = (tone, state)
        if key not in self._styles:
            self._styles[key] = self._style(tone, state)
        return self._styles[key]

    def strip(self, parts: Iterable[Part], width: int, state: State = "") -> Strip:
        """Draw parts, filled to ``width`` cells with the state's background."""
        segments = [Segment(part.text, self.style(part.tone, state)) for part in parts]
        return Strip(segments).adjust_cell_length(width, self.style("", state))

    def _style(self, tone: str, state: State) -> Style:
        widget = self._widget
        no_color = widget.app.no_color
        _, _, background, foreground = widget.colors
        if state in _STATES:
            name, share = _STATES[state]
            background = background.blend(self._color(name), share, 1)
        color = self._color(_VARIABLES[tone]) if tone in _VARIABLES else foreground
        fades = tone == "dim" and color.ansi is None
        if fades:
            color = background.blend(color, _DIM, 1)
        return Style(
            color=color.rich_color,
            bgcolor=background.rich_color,
            bold=tone in _BOLD,
            dim=tone == "dim" and not fades,
            reverse=no_color and state == "cursor",
            underline=no_color and state == "current",
        )

    def _color(self, name: str) -> Color:
        return Color.parse(self._widget.app.theme_variables[name])
