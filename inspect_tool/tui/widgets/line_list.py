"""A list of any length, one line an item, drawn where it is seen: rows, matches, problems, files.

Subclasses say how many items there are and draw one; this owns cursor, scrolling, keys and mouse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive

from inspect_tool.tui.tones import State, Tones
from inspect_tool.tui.widgets.parts import Line, Part, fitted
from inspect_tool.tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.events import Click, Resize
    from textual.strip import Strip


class LineList(Sheet, can_focus=True):
    """Base of the lists; posts ``Selected`` for enter and click."""

    DEFAULT_CSS = "LineList { overflow-x: hidden; scrollbar-size-vertical: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "to_end(False)", "First", show=False),
        Binding("end,G", "to_end(True)", "Last", show=False),
        Binding("enter,space", "select", "Open", show=False),
    ]

    cursor: reactive[int] = reactive(0, always_update=True, repaint=False)

    @dataclass
    class Selected(Message):
        """An item was chosen by enter or click."""

        list: LineList
        index: int

        @property
        def control(self) -> LineList:
            """Return the list, so that ``@on`` can select it."""
            return self.list

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tones = Tones(self)
        self._marked = 0

    def count(self) -> int:
        """Return the number of items."""
        raise NotImplementedError

    def line(self, index: int) -> tuple[Line, Line]:
        """Return an item's left and right parts."""
        raise NotImplementedError

    def state(self, index: int) -> State:
        """Return what an item is; the base knows the cursor."""
        if index != self.cursor or not self.selectable(index):
            return ""
        return "cursor" if self.has_focus else "cursor-blurred"

    def selectable(self, index: int) -> bool:
        """Tell whether the cursor may stop at an item."""
        return 0 <= index < self.count()

    def changed(self) -> None:
        """Take up that items came, went or look different."""
        self.virtual_size = Size(self.size.width, self.count())
        if self.cursor >= self.count():
            self.cursor = max(0, self.count() - 1)
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on an item."""
        return max(0, min(cursor, self.count() - 1))

    def watch_cursor(self, cursor: int) -> None:
        """Bring the cursor into view."""
        self.show_item(cursor)
        self.refresh_line(self._marked)
        self.refresh_line(cursor)
        self._marked = cursor

    def show_item(self, index: int) -> None:
        """Scroll just far enough that an item is seen."""
        if self.size.height:
            self.scroll_to_region(
                Region(0, index, 1, 1), animate=False, force=True, immediate=True, x_axis=False
            )

    def notify_style_update(self) -> None:
        """Forget styles that the theme has changed."""
        super().notify_style_update()
        self._tones.clear()

    def on_resize(self, event: Resize) -> None:
        """Keep the whole list reachable at the new size."""
        self.virtual_size = Size(self.size.width, self.count())

    def on_focus(self) -> None:
        """Draw the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Take the cursor away."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the item at a line of the window."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if index >= self.count():
            return self._tones.strip((), width)
        left, right = self.line(index)
        parts = fitted((Part(" "), *left), (*right, Part(" ")), width)
        return self._tones.strip(parts, width, self.state(index))

    def action_move(self, step: int) -> None:
        """Move the cursor to the next item that can be chosen."""
        index = self.cursor + step
        while 0 <= index < self.count() and not self.selectable(index):
            index += step
        if self.selectable(index):
            self.cursor = index

    def action_page(self, pages: int) -> None:
        """Move the cursor by a window."""
        step = 1 if pages > 0 else -1
        self.cursor += pages * max(1, self.size.height - 1)
        if not self.selectable(self.cursor):
            self.action_move(step if 0 < self.cursor < self.count() - 1 else -step)

    def action_to_end(self, last: bool) -> None:
        """Move the cursor to the first or the last item."""
        self.cursor = self.count() - 1 if last else 0
        if not self.selectable(self.cursor):
            self.action_move(-1 if last else 1)

    def action_select(self) -> None:
        """Choose the item under the cursor."""
        if self.selectable(self.cursor):
            self.post_message(self.Selected(self, self.cursor))

    def on_click(self, event: Click) -> None:
        """Choose the item under the pointer."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = offset.y + self.scroll_offset.y
        if self.selectable(index):
            event.stop()
            self.cursor = index
            self.action_select()
