"""The base of everything that scrolls: its content changes size and nothing else does."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.strip import Strip

from inspect_tool.tui.widgets.sheet import Sheet

WIDTH, HEIGHT = 30, 10


class Blanks(Sheet):
    """Blank lines."""

    DEFAULT_CSS = "Blanks { overflow-x: hidden; }"

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        return Strip.blank(self.scrollable_size.width)


class SheetApp(App[None]):
    """Shows a sheet, and counts how often the screen is laid out."""

    layouts = 0

    def compose(self) -> ComposeResult:
        """Yield the sheet."""
        yield Blanks()

    def on_mount(self) -> None:
        """Begin to count."""
        self.screen.screen_layout_refresh_signal.subscribe(self, self._laid_out, immediate=True)

    @property
    def sheet(self) -> Blanks:
        """The sheet."""
        return self.query_one(Blanks)

    def _laid_out(self, _: object) -> None:
        self.layouts += 1


async def test_more_lines_move_the_scroll_bar() -> None:
    """The scroll bar is as long as the content."""
    app = SheetApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.sheet.virtual_size = Size(WIDTH, 1000)

        assert app.sheet.vertical_scrollbar.window_virtual_size == 1000
        assert app.sheet.max_scroll_y == 1000 - HEIGHT


async def test_fewer_lines_are_scrolled_back_to() -> None:
    """What is shown ends with the content."""
    app = SheetApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.sheet.virtual_size = Size(WIDTH, 1000)
        app.sheet.scroll_to(y=900, animate=False)
        app.sheet.virtual_size = Size(WIDTH, 100)

        assert app.sheet.scroll_offset.y == 100 - HEIGHT


async def test_the_screen_is_not_laid_out_again() -> None:
    """A content that grows while its scroll bar is there leaves everything in its place."""
    app = SheetApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.sheet.virtual_size = Size(WIDTH, 1000)
        await pilot.pause()
        before = app.layouts
        app.sheet.virtual_size = Size(WIDTH, 2000)
        await pilot.pause()

        assert app.layouts == before
