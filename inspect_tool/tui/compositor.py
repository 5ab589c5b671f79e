"""Puts on the screen what changed, and asks widgets for nothing else.

Textual's own compositor renders every widget that touches the smallest rectangle around all
changes, in every line of it, and throws away what lies behind other widgets. One step of the
cursor changes a line of tokens, a few facts beside it and the status bar below: that rectangle is
the screen. This one renders only the lines of a widget that changed and are not covered.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.strip import Strip
    from textual.widget import Widget

Span = tuple[int, int, int]
"""A line of the screen and the half-open range of its cells that changed."""


class ChangesCompositor(Compositor):
    """Draws partial updates like its base, cell for cell, with less work."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """Render the changed regions; None if there are none."""
        screen = self.size.region
        regions = [screen.intersection(region) for region in self._dirty_regions]
        self._dirty_regions.clear()
        spans = list(self._regions_to_spans(filter(None, regions)))
        if not spans:
            return None
        chops: list[dict[int, Strip | None]] = [dict.fromkeys(cuts[:-1]) for cuts in self.cuts]
        blank = self._changed_chops(spans)
        for widget, (region, clip) in self.visible_widgets.items():
            if not blank:
                break
            self._fill(chops, blank, widget, region, region.intersection(clip))
        return ChopsUpdate(chops, spans, [cuts[1:] for cuts in self.cuts])

    def _changed_chops(self, spans: Iterable[Span]) -> dict[int, set[int]]:
        """Return the chops in which cells changed: by line, the cell where each begins."""
        changed: dict[int, set[int]] = {}
        for y, start, stop in spans:
            touched = {x for x, end in pairwise(self.cuts[y]) if x < stop and end > start}
            changed.setdefault(y, set()).update(touched)
        return changed

    def _fill(
        self,
        chops: list[dict[int, Strip | None]],
        blank: dict[int, set[int]],
        widget: Widget,
        region: Region,
        seen: Region,
    ) -> None:
        """Draw a widget into the blank chops within ``seen``, the part of it that is not clipped.

        Widgets come front to back, so that a chop once drawn is done with.
        """
        x1, x2 = seen.column_span
        lines = [y for y in seen.line_range if any(x1 <= x < x2 for x in blank.get(y, ()))]
        if not lines:
            return
        top, offset = lines[0], seen.offset - region.offset
        wanted = Region(offset.x, top - region.y, seen.width, lines[-1] + 1 - top)
        strips = widget.render_lines(wanted)
        for y in lines:
            cuts = [x for x in self.cuts[y] if x1 <= x <= x2]
            pieces = _divided(strips[y - top], [x - x1 for x in cuts[1:]])
            for x, piece in zip(cuts, pieces, strict=False):
                if x in blank[y]:
                    chops[y][x] = piece
                    blank[y].discard(x)
            if not blank[y]:
                del blank[y]


def _divided(strip: Strip, cuts: list[int]) -> Sequence[Strip]:
    """Divide a strip; one that stays whole would keep itself in its own cache, for ever."""
    return [strip] if cuts == [strip.cell_length] else strip.divide(cuts)
