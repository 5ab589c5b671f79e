"""What programs say while they work for the app: axolotl's preprocessing, the axolotl worker."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, chop_cells

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.events import Resize

MAX_LINES: Final = 10_000
"""Older lines are forgotten; the log file that is named at the end has them."""
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class OutputLog(LineList):
    """Lines of other programs, harmless: their colours are dropped, other controls made visible.

    Follows the end unless one has scrolled away from it.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._said: deque[str] = deque(maxlen=MAX_LINES)
        self._wrapped: list[str] = []
        self._width = 0

    @property
    def text(self) -> str:
        """Return everything that was said, unwrapped."""
        return "\n".join(self._said)

    def clear(self) -> None:
        """Forget everything that was said."""
        self._said.clear()
        self._wrapped.clear()
        self.changed()

    def add(self, lines: Iterable[str]) -> None:
        """Append lines; a line that a progress bar rewrote counts in its last state."""
        at_end = self.is_vertical_scroll_end
        added = [shown(line) for line in lines]
        full = len(self._said) + len(added) > MAX_LINES
        self._said.extend(added)
        if full:
            self._wrap_all()
        else:
            self._wrapped += wrapped(added, self._width)
        self.changed()
        if at_end:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def count(self) -> int:
        """Return the number of lines on the screen."""
        return len(self._wrapped)

    def selectable(self, index: int) -> bool:
        """Lines are read, not chosen."""
        return False

    def line(self, index: int) -> tuple[Line, Line]:
        """Return one line."""
        return (Part(self._wrapped[index]),), ()

    def on_resize(self, event: Resize) -> None:
        """Wrap to the new width."""
        if event.size.width != self._width:
            self._width = event.size.width
            self._wrap_all()
            self.changed()

    def action_move(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=step, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by windows."""
        self.scroll_relative(y=pages * max(1, self.size.height - 1), animate=False)

    def action_to_end(self, last: bool) -> None:
        """Scroll to the first or the last line."""
        self.scroll_to(y=self.max_scroll_y if last else 0, animate=False)

    def _wrap_all(self) -> None:
        self._wrapped = list(wrapped(self._said, self._width))


def wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    """Yield lines cut to what fits a list of ``width`` cells."""
    room = max(10, width - 4)
    for line in lines:
        if len(line) <= room // 2 or cell_len(line) <= room:
            yield line
        else:
            yield from chop_cells(line, room)


def shown(line: str) -> str:
    """Return a program's line as it is shown."""
    last = _ESCAPES.sub("", line).rstrip("\r\n").rsplit("\r", 1)[-1]
    return safe(last, tab="    ")
