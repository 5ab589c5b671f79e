"""An app that is nothing but lines: the least that Textual does between a key and its frame."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

LINES = 30_000
MARKED = Style(reverse=True)
STYLES = (Style(), Style(bold=True, bgcolor="#204020"))


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """Half-coloured lines, one of them marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "mark(1)"),
        Binding("k", "mark(-1)"),
        Binding("pagedown", "page(1)"),
        Binding("pageup", "page(-1)"),
    ]

    marked = 0

    def on_mount(self) -> None:
        """Take the keys."""
        self.virtual_size = Size(self.size.width, LINES)
        self.focus()

    def render_line(self, y: int) -> Strip:
        """Draw a line of words in runs of two styles."""
        line = y + self.scroll_offset.y
        width = self.scrollable_size.width
        words = [f"{line * word % 99991:>6} " for word in range(1, width // 7)]
        segments = [
            Segment(word, MARKED if line == self.marked else STYLES[number // 3 % 2])
            for number, word in enumerate(words)
        ]
        return Strip(segments).adjust_cell_length(width)

    def action_mark(self, step: int) -> None:
        """Move the mark by a line, within what is in view."""
        before, self.marked = self.marked, (self.marked + step) % self.size.height
        self.refresh_lines(before)
        self.refresh_lines(self.marked)

    def action_page(self, step: int) -> None:
        """Turn the page."""
        rows = step * self.size.height
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)


class BareApp(App[None]):
    """The lines, and nothing else."""

    def compose(self) -> ComposeResult:
        """Yield them."""
        yield Lines()


if __name__ == "__main__":
    BareApp().run()
