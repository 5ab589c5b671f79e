"""A cursor over a passage of drawn tokens: painting, scrolling and moving by token, line and page.

A line-API widget: only the visible lines are painted, from arrays, and painted lines are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from textual.binding import Binding, BindingType
from textual.cache import FIFOCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive

from inspect_tool.tui.layout import Layout, lay_out
from inspect_tool.tui.widgets.sheet import Sheet
from inspect_tool.tui.widgets.token_paint import COMPONENTS, Painter, View, looks_of
from inspect_tool.tui.widgets.token_style import STYLE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from textual import events
    from textual.strip import Strip

    from inspect_tool.tui.passage import Passage

STRIPS = 1024
"""Painted lines that are kept: several screens in either direction."""


class PassageView(Sheet, can_focus=True, inherit_bindings=False):
    """Shows a passage; its beginning may come first and the whole of it later."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    DEFAULT_CSS = STYLE
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "token(-1)", "Previous token", show=False),
        Binding("right,l", "token(1)", "Next token", show=False),
        Binding("up,k", "line(-1)", "Line up", show=False),
        Binding("down,j", "line(1)", "Line down", show=False),
        Binding("g,home", "top", "First token", show=False),
        Binding("G,end", "bottom", "Last token", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("w", "toggle_whitespace", "White space", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    """The token under the cursor, an index into the sequence."""
    show_whitespace: reactive[bool] = reactive(False)
    """Whether white space has marks and every other token is tinted."""

    class CursorMoved(Message, namespace="token_view"):
        """The cursor is on another token, or another sequence is shown."""

        def __init__(self, view: PassageView, index: int) -> None:
            super().__init__()
            self.view = view
            self.index = index

        @property
        def control(self) -> PassageView:
            """The view whose cursor moved."""
            return self.view

        def can_replace(self, message: Message) -> bool:
            """Let a later place of the same cursor stand for an earlier one."""
            return isinstance(message, PassageView.CursorMoved) and message.view is self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._passage: Passage | None = None
        self._layout: Layout | None = None
        self._looks: NDArray[np.unsignedinteger[Any]] = np.empty(0, dtype=np.uint16)
        self._matches: NDArray[np.bool_] | None = None
        self._row = self._column = self._height = 0
        self._landing: tuple[int, int] | None = None
        self._painter = Painter(self)
        self._strips: FIFOCache[tuple[int, int, View], Strip] = FIFOCache(STRIPS)
        """Painted lines, by their number, the character that they end at, and the view."""

    @property
    def lines(self) -> Layout | None:
        """The lines as they are now, None until something is shown and the size is known."""
        return self._layout

    @property
    def token_count(self) -> int:
        """The number of tokens that the cursor can reach."""
        return 0 if self._passage is None else len(self._passage)

    def show_passage(self, passage: Passage, layout: Layout | None = None) -> None:
        """Show a passage; the one before is taken for a part of it, and the place is kept.

        ``layout`` spares laying it out if it has the present width.
        """
        self._passage = passage
        self._looks = looks_of(passage)
        self._lay_out(layout)

    def mark(self, tokens: NDArray[np.bool_] | None) -> None:
        """Mark ``tokens`` bool[n], or none."""
        self._matches = tokens
        self._strips.clear()
        self.refresh()

    def jump_to(self, token: int) -> None:
        """Put the cursor on a token with a good part of what follows it in view."""
        self.cursor = token
        height = self.scrollable_size.height
        if self._row - self.scroll_offset.y > height * 2 // 3:
            self.scroll_to(y=self._row - height // 3, animate=False, force=True)

    def reach(self, row: int) -> None:
        """Make sure that a line is laid out if there is one; all of them are."""

    def render_line(self, y: int) -> Strip:
        """Paint one visible line."""
        if self._layout is None:
            self._lay_out()
        layout, line = self._layout, y + self.scroll_offset.y
        if layout is None or line >= layout.height:
            width = self.scrollable_size.width
            empty = layout is not None and not layout.height and y == 0
            return self._painter.note("no tokens", width) if empty else self._painter.blank(width)
        view = View(
            cursor=self.cursor if self._shows_cursor_on(line) else None,
            focused=self.has_focus,
            whitespace=self.show_whitespace,
        )
        shown = (line, int(layout.lines[line + 1]), view)
        strip = self._strips.get(shown)
        if strip is None:
            strip = self._strips[shown] = self._painter.paint(
                layout, line, looks=self._looks, matches=self._matches, view=view
            )
        return strip

    def notify_style_update(self) -> None:
        """Paint anew in the colours of another theme."""
        super().notify_style_update()
        self._painter.forget()
        self._strips.clear()

    def on_resize(self) -> None:
        """Lay out for the new width; keep the cursor in view when the height shrinks."""
        height, self._height = self._height, self.scrollable_size.height
        if self._layout is None or self._layout.width != self.scrollable_size.width:
            self._lay_out()
        elif 0 <= self._row - self.scroll_offset.y < height:
            self._reveal(self._row)

    def on_focus(self) -> None:
        """Show the cursor as the one that keys move."""
        self._repaint(self.cursor)

    def on_blur(self) -> None:
        """Show the cursor as one that waits."""
        self._repaint(self.cursor)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the cursor on the token that is clicked."""
        offset, layout = event.get_content_offset(self), self._layout
        if offset is None or layout is None or event.button != 1:
            return
        row = offset.y + self.scroll_offset.y
        if row < layout.height:
            self._land(layout.token_at(row, offset.x), row, offset.x)

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor within what can be reached."""
        return min(max(cursor, 0), max(self.token_count - 1, 0))

    def watch_cursor(self, old: int, new: int) -> None:
        """Bring the cursor into view and tell of it."""
        landing, self._landing = self._landing, None
        self._repaint(old)
        self._settle(landing)
        self._repaint(new)
        self.post_message(self.CursorMoved(self, new))

    def action_token(self, step: int) -> None:
        """Move by tokens."""
        self.cursor += step

    def action_line(self, step: int) -> None:
        """Move by lines, as near to the same column as tokens allow."""
        self.reach(self._row + step)
        layout = self._layout
        if layout is None or not layout.height:
            return
        row = min(max(self._row + step, 0), layout.height - 1)
        self._land(layout.token_at(row, self._column), row, self._column)

    def action_page(self, step: int) -> None:
        """Move by screens; one line stays in view."""
        height = self.scrollable_size.height
        rows = step * max(height - 1, 1)
        self.reach(self.scroll_offset.y + height + rows)
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)
        self.action_line(rows)

    def action_top(self) -> None:
        """Move to the first token."""
        self._land(0, 0, 0)

    def action_bottom(self) -> None:
        """Move to the last token."""
        self.cursor = self.token_count - 1

    def action_toggle_whitespace(self) -> None:
        """Show or hide white space."""
        self.show_whitespace = not self.show_whitespace

    def _lay_out(self, ready: Layout | None = None) -> None:
        """Break the passage into lines of the present width, and keep the place on the screen."""
        width = self.scrollable_size.width
        if self._passage is None or not width:
            return
        held, before = self._held(), self._layout
        awaited = before is not None and not self._reached(before)
        if ready is None or ready.width != width:
            ready = lay_out(self._passage.drawn, width)
        self._layout = ready
        self.virtual_size = Size(width, self._layout.height)
        self._repaint_from(self._layout.lines_shared_with(before))
        if held is not None:
            token, offset = held
            top = self._layout.line_of(min(token, len(self._layout.drawn) - 1)) - offset
            self.scroll_to(y=top, animate=False, force=True)
        self._settle(None, reveal=awaited or held is None or held[0] == self.cursor)

    def _repaint_from(self, line: int) -> None:
        """Mark all lines from ``line`` on as changed."""
        if not line:
            self._strips.clear()
        first = max(line - self.scroll_offset.y, 0)
        height = self.scrollable_size.height
        if first < height:
            self.refresh(Region(0, first, self.size.width, height - first))

    def _held(self) -> tuple[int, int] | None:
        """Return the token to hold in its place and its line on the screen.

        The cursor's if it is in view, else the first in view; None before anything was shown.
        """
        layout, top = self._layout, self.scroll_offset.y
        if layout is None or not layout.height:
            return None
        if top <= self._row < top + self.scrollable_size.height and self._reached(layout):
            return self.cursor, self._row - top
        return layout.tokens_on(min(top, layout.height - 1)).start, 0

    def _reached(self, layout: Layout) -> bool:
        return self.cursor < len(layout.drawn)

    def _land(self, token: int, row: int, column: int) -> None:
        """Move to a token, on one line of the several that it may take."""
        if token == self.cursor:
            self._settle((row, column))
        else:
            self._landing = (row, column)
            self.cursor = token

    def _settle(self, landing: tuple[int, int] | None, *, reveal: bool = True) -> None:
        """Note the cursor's line and column and scroll to them, once they are laid out."""
        layout = self._layout
        if layout is None or not self._reached(layout):
            return
        if landing is None:
            row = layout.line_of(self.cursor)
            landing = row, layout.x_of(self.cursor, row)
        self._row, self._column = landing
        if reveal:
            self._reveal(self._row)

    def _reveal(self, row: int) -> None:
        """Scroll as little as brings a line into view; a far one comes to the upper third."""
        top, height = self.scroll_offset.y, self.scrollable_size.height
        if not height or top <= row < top + height:
            return
        if top - height < row < top + 2 * height:
            target = row if row < top else row - height + 1
        else:
            target = row - height // 3
        self.scroll_to(y=target, animate=False, force=True)

    def _shows_cursor_on(self, line: int) -> bool:
        return line in self._lines_of(self.cursor)

    def _lines_of(self, token: int) -> range:
        layout = self._layout
        if layout is None or token >= len(layout.drawn):
            return range(0)
        return range(layout.line_of(token), layout.last_line_of(token) + 1)

    def _repaint(self, token: int) -> None:
        """Mark the lines of a token as changed, those of them that are in view."""
        lines, top = self._lines_of(token), self.scroll_offset.y
        first = max(lines.start, top)
        stop = min(lines.stop, top + self.scrollable_size.height)
        if first < stop:
            self.refresh_lines(first, stop - first)
