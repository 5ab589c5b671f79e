"""From a line of the layout to a strip of the screen: which token looks how, decided by bits.

A token's look is a small integer (a state and flags); each combination met becomes one rich style,
composed once per theme from the component classes of the widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from inspect_tool.tui.marked import Marked

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from textual.widget import Widget

    from inspect_tool.tui.layout import Layout
    from inspect_tool.tui.passage import Passage

PLAIN: Final = 0
"""A token about which no label is stored."""
MASKED: Final = 1
TRAINED: Final = 2
SPECIAL: Final = 4
ODD: Final = 8
"""Every other token; told apart only where token borders are shown."""
MATCH: Final = 16
CURSOR: Final = 32
BLURRED: Final = 64
"""With CURSOR: the view does not have the focus."""
ID: Final = 128
"""The id drawn after the token, not the token itself."""
PADDING: Final = 256
"""A token that only fills its row."""
HEAT: Final = 512
"""Times a level from 1 to HOTTEST: how much a token cost to predict."""
HOTTEST: Final = 6
NOT_FINITE: Final = HOTTEST + 1
"""The level of a loss that is no number."""
COLD: Final = 8192
"""A token that has no loss, where tokens are coloured by that."""
END: Final = 4096
"""The last token of a sample; what is drawn after it says so."""

_STATE: Final = {
    PLAIN: "token--plain",
    MASKED: "token--masked",
    TRAINED: "token--trained",
    PLAIN | SPECIAL: "token--special",
    MASKED | SPECIAL: "token--special",
    TRAINED | SPECIAL: "token--special-trained",
}
_BORDER: Final = {
    PLAIN: "token--odd",
    MASKED: "token--odd",
    TRAINED: "token--odd-trained",
    TRAINED | SPECIAL: "token--odd-trained",
}
COMPONENTS: Final = {
    *_STATE.values(),
    *_BORDER.values(),
    "token--match",
    "token--cursor",
    "token--cursor-blurred",
    "token--id",
    "token--note",
}


@dataclass(frozen=True, slots=True)
class View:
    """What decides the pixels of a line beside the layout and the theme."""

    cursor: int | None
    focused: bool
    whitespace: bool


def looks_of(passage: Passage) -> NDArray[np.uint16]:
    """Return the state and the SPECIAL and ODD flags of each token of a passage, uint16[n].

    Words of a text that is stored without token ids are PLAIN. Padding and heat stand by
    themselves.
    """
    sequence, count = passage.sequence, len(passage)
    looks = np.zeros(count, dtype=np.uint16)
    if not passage.by_words:
        if sequence.trained is not None:
            looks[:] = np.where(sequence.trained[:count], TRAINED, MASKED)
        if passage.vocabulary is not None:
            special = passage.vocabulary.specials(sequence.ids[:count])
            looks |= np.where(special, SPECIAL, 0).astype(np.uint16)
    if isinstance(sequence, Marked):
        looks = _marked(sequence, looks)
    looks[1::2] |= ODD
    return looks


def _marked(sequence: Marked, looks: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the looks of a batch's row: padding as such, and heat instead of labels."""
    count = len(looks)
    if sequence.heat is not None:
        heat = sequence.heat[:count].astype(np.uint16)
        looks = np.where(heat > 0, heat * HEAT, COLD).astype(np.uint16)
    if sequence.padding is not None:
        looks[sequence.padding[:count]] = PADDING
    looks[[index for index in sequence.ends if index < count]] |= END
    return looks


class Painter:
    """Paints lines in the styles of one widget; ``forget`` when its theme changes."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[int, Style] = {}
        self._base: Style | None = None

    def forget(self) -> None:
        """Drop the composed styles."""
        self._styles.clear()
        self._base = None

    def paint(
        self,
        layout: Layout,
        line: int,
        *,
        looks: NDArray[np.unsignedinteger[Any]],
        matches: NDArray[np.bool_] | None,
        view: View,
    ) -> Strip:
        """Return one line as a strip of the layout's width."""
        tokens = layout.tokens_on(line)
        flags = looks[tokens.start : tokens.stop].astype(np.int32)
        if not view.whitespace:
            flags &= ~ODD
        if matches is not None:
            flags |= matches[tokens.start : tokens.stop] * MATCH
        if view.cursor is not None and view.cursor in tokens:
            flags[view.cursor - tokens.start] |= CURSOR | (0 if view.focused else BLURRED)
        runs: list[tuple[int, int, int]] = []
        values = flags.tolist()
        for token, start, stop, is_id in layout.parts(line):
            look = values[token - tokens.start] | (ID if is_id else 0)
            if runs and runs[-1][0] == look:
                runs[-1] = (look, runs[-1][1], stop)
            else:
                runs.append((look, start, stop))
        shown = layout.drawn.shown
        segments = [
            Segment(shown(start, stop, whitespace=view.whitespace), self._style(look))
            for look, start, stop in runs
        ]
        return self._padded(segments, layout.cells_on(line), layout.width)

    def blank(self, width: int) -> Strip:
        """Return an empty line."""
        return Strip.blank(width, self._ground())

    def note(self, text: str, width: int) -> Strip:
        """Return a line that says something about the view itself; ``text`` is ours."""
        style = self._widget.get_component_rich_style("token--note")
        return Strip([Segment(text, style)]).adjust_cell_length(width, self._ground())

    def _padded(self, segments: list[Segment], cells: int, width: int) -> Strip:
        if cells < width:
            segments.append(Segment(" " * (width - cells), self._ground()))
        return Strip(segments, max(cells, width))

    def _ground(self) -> Style:
        """Return the style where there is no token."""
        if self._base is None:
            self._base = self._widget.rich_style
        return self._base

    def _style(self, look: int) -> Style:
        style = self._styles.get(look)
        if style is None:
            style = self._styles[look] = self._compose(look)
        return style

    def _compose(self, look: int) -> Style:
        component = self._widget.get_component_rich_style
        state = look & (PLAIN | MASKED | TRAINED | SPECIAL)
        heat = look % END // HEAT
        if look & END and look & ID:
            return component("token--end")
        if heat:
            style = component(f"token--heat-{heat}")
        elif look & (PADDING | COLD):
            style = component("token--padding" if look & PADDING else "token--cold")
        else:
            style = component(_STATE[state])
        if look & ODD:
            border = component(_BORDER.get(state, "token--odd"))
            style += Style(bgcolor=border.bgcolor) + border.without_color
        if look & MATCH:
            style += component("token--match")
        if look & CURSOR:
            style += component("token--cursor-blurred" if look & BLURRED else "token--cursor")
        if look & ID and not look & (CURSOR | MATCH):
            style += Style(color=component("token--id").color, bold=False, italic=False)
        return style
