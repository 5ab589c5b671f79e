"""Lines of a given width: which characters of drawn tokens stand on which line of the screen.

One place is looked up with ``bisect``: to find one number, ``np.searchsorted`` would first copy an
int32 array whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.tui.drawn import Drawn

MIN_WIDTH = 3
"""A wide character and the cell in which a newline hangs."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Drawn tokens in lines of at most ``width`` cells.

    ``lines`` int32[height + 1] is the first character of each line, then the end of the text. No
    line is wider than ``width`` (or MIN_WIDTH, if that is more); the last cell is left to a
    newline, so that a line that fits exactly is not followed by one that only ends it.
    """

    drawn: Drawn
    width: int
    lines: NDArray[np.int32]

    @property
    def height(self) -> int:
        """Number of lines."""
        return len(self.lines) - 1

    def line_of(self, token: int) -> int:
        """Return the line on which a token begins."""
        return bisect_right(self.lines, self.drawn.starts[token]) - 1

    def last_line_of(self, token: int) -> int:
        """Return the line on which a token ends."""
        return bisect_right(self.lines, self.drawn.starts[token + 1] - 1) - 1

    def tokens_on(self, line: int) -> range:
        """Return the tokens of which a line shows at least a part."""
        starts = self.drawn.starts
        first = bisect_right(starts, self.lines[line]) - 1
        return range(first, bisect_left(starts, self.lines[line + 1]))

    def token_at(self, line: int, x: int) -> int:
        """Return the token drawn at cell ``x`` of a line, the nearest one past either end."""
        cells = self.drawn.cells
        start, stop = int(self.lines[line]), int(self.lines[line + 1])
        char = bisect_right(cells, cells[start] + max(x, 0), start, stop) - 1
        return bisect_right(self.drawn.starts, max(char, start)) - 1

    def x_of(self, token: int, line: int) -> int:
        """Return the cell of ``line`` at which the part of a token drawn there begins."""
        start = self.lines[line]
        char = max(self.drawn.starts[token], start)
        return int(self.drawn.cells[char] - self.drawn.cells[start])

    def cells_on(self, line: int) -> int:
        """Return the number of cells that a line takes."""
        cells = self.drawn.cells
        return int(cells[self.lines[line + 1]] - cells[self.lines[line]])

    def lines_shared_with(self, before: Layout | None) -> int:
        """Return how many lines this begins with that another layout begins with too.

        All that ``before`` has but the last one if it is of the beginning of this text, else none.
        """
        if before is None or before.width != self.width or not before.height:
            return 0
        count = before.height - 1
        stop = int(before.lines[count])
        same = np.array_equal(self.lines[: count + 1], before.lines[: count + 1])
        return count if same and self.drawn.text[:stop] == before.drawn.text[:stop] else 0

    def parts(self, line: int) -> Iterator[tuple[int, int, int, bool]]:
        """Yield ``(token, start, stop, is_id)``, the runs of characters on a line, in order."""
        begin, end = int(self.lines[line]), int(self.lines[line + 1])
        tokens = self.tokens_on(line)
        bounds = self.drawn.starts[tokens.start : tokens.stop + 1].tolist()
        if self.drawn.id_starts is None:
            for token, start, stop in zip(tokens, bounds, bounds[1:], strict=False):
                yield token, max(start, begin), min(stop, end), False
            return
        ids = self.drawn.id_starts[tokens.start : tokens.stop].tolist()
        for token, start, id_start, stop in zip(tokens, bounds, ids, bounds[1:], strict=False):
            if max(start, begin) < min(id_start, end):
                yield token, max(start, begin), min(id_start, end), False
            if max(id_start, begin) < min(stop, end):
                yield token, max(id_start, begin), min(stop, end), True


def lay_out(drawn: Drawn, width: int) -> Layout:
    """Break drawn tokens into lines of at most ``width`` cells, as full as words allow."""
    if not drawn.text:
        return Layout(drawn, width, np.zeros(1, dtype=np.int32))
    lines = np.array(_Filler(drawn, max(width, MIN_WIDTH) - 1).lines(), dtype=np.int32)
    return Layout(drawn, width, lines)


class _Filler:
    """Fills lines greedily.

    How far a line reaches from each break is worked out for all breaks at once; what is left is
    to hop from line to line. Only a word longer than a line is cut step by step.
    """

    def __init__(self, drawn: Drawn, room: int) -> None:
        self._drawn = drawn
        self._room = room
        count = len(drawn.breaks)
        forced = np.flatnonzero(drawn.forced)
        following = np.searchsorted(forced, np.arange(count), side="right")
        self._forced = forced[np.minimum(following, len(forced) - 1)]
        self._at_break = drawn.fit[drawn.breaks]
        reach = np.searchsorted(self._at_break, self._at_break + room, side="right") - 1
        self._next = np.minimum(reach, self._forced).tolist()

    def lines(self) -> list[int]:
        """Return the first character of each line, then the end of the text."""
        breaks, hops = self._drawn.breaks.tolist(), self._next
        lines = [0]
        here, last = 0, len(breaks) - 1
        while here < last:
            there = hops[here]
            if there <= here:
                cuts, there = self._cut(breaks[here], breaks[here + 1], here)
                lines += cuts
            lines.append(breaks[there])
            here = there
        return lines

    def _cut(self, start: int, stop: int, here: int) -> tuple[list[int], int]:
        """Cut the word ``[start, stop)``, which begins at break ``here`` and fits on no line.

        Return where its further lines begin, and the break that ends the last of them.
        """
        fit = self._drawn.fit
        cuts = []
        while fit[stop] - fit[start] > self._room:
            start = self._cut_before(start)
            cuts.append(start)
        reach = bisect_right(self._reachable, int(fit[start]) + self._room, lo=here + 1) - 1
        return cuts, min(reach, int(self._forced[here]))

    @cached_property
    def _reachable(self) -> list[int]:
        return list(self._at_break.tolist())

    def _cut_before(self, start: int) -> int:
        """Return the last character before which a line that begins at ``start`` can end.

        A token boundary if there is one, so that only a token wider than a line is split.
        """
        fit, starts = self._drawn.fit, self._drawn.starts
        furthest = bisect_right(fit, fit[start] + self._room, start) - 1
        boundary = int(starts[bisect_right(starts, furthest) - 1])
        return boundary if boundary > start else furthest
