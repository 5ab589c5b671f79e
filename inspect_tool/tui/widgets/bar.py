"""One line of parts, some of them clickable: the base of tabs, status bar and key hints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import reactive
from textual.widget import Widget

from inspect_tool.tui.tones import Tones
from inspect_tool.tui.widgets.parts import Line, Part, fitted, line_width, part_at

if TYPE_CHECKING:
    from textual.events import Click
    from textual.strip import Strip


class Bar(Widget):
    """Parts from the left and from the right; where they meet, the left ones are cut."""

    DEFAULT_CSS = "Bar { height: 1; padding: 0 1; }"

    left: reactive[Line] = reactive(())
    right: reactive[Line] = reactive(())

    def __init__(
        self,
        left: Line = (),
        right: Line = (),
        *,
        id: str | None = None,  # noqa: A002
        whole: bool = False,
    ) -> None:
        """``whole``: parts that do not fit are left out, in pairs, rather than cut."""
        super().__init__(id=id)
        self._whole = whole
        self._tones = Tones(self)
        self.set_reactive(Bar.left, left)
        self.set_reactive(Bar.right, right)

    @property
    def parts(self) -> list[Part]:
        """Return what is drawn now, from left to right."""
        left = self.left
        if self._whole:
            while left and line_width(left) > self.size.width:
                left = left[:-2]
        return fitted(left, self.right, self.size.width)

    @property
    def text(self) -> str:
        """Return the line as it reads."""
        return "".join(part.text for part in self.parts)

    def notify_style_update(self) -> None:
        """Forget styles that the theme has changed."""
        super().notify_style_update()
        self._tones.clear()

    def render_line(self, y: int) -> Strip:
        """Draw the one line."""
        return self._tones.strip(self.parts if y == 0 else (), self.size.width)

    async def on_click(self, event: Click) -> None:
        """Run the action of the part under the pointer."""
        offset = event.get_content_offset(self)
        part = part_at(self.parts, offset.x) if offset else None
        if part is not None and part.action:
            event.stop()
            await self.app.run_action(part.action)
