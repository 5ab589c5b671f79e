"""The app's compositor draws what Textual's own does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyte
import pytest
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import Label

from inspect_tool.tui.compositor import ChangesCompositor

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH, HEIGHT = 60, 20


class Covered(Screen[None]):
    """Text beside text, scrolled half out of sight, and a widget that lies over both."""

    CSS = """
    .side { width: 23; border: round white; }
    #over { layer: above; offset: 15 6; width: 20; height: 5; background: blue; }
    Covered { layers: below above; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._compositor = ChangesCompositor()

    def compose(self) -> ComposeResult:
        """Yield the widgets."""
        with Horizontal():
            with VerticalScroll(classes="side"):
                for number in range(30):
                    yield Label(f"{number} 漢字 and text")
            with Vertical():
                yield Label("a line\n" * 40)
        yield Label("over all", id="over")


class CoveredApp(App[None]):
    """Shows the screen above."""

    def get_default_screen(self) -> Covered:
        """Return the screen."""
        return Covered()


def drawn(compositor: Compositor, renders: type[Compositor], changed: Iterable[Region]) -> object:
    """Every cell of a terminal on which ``renders`` draws the ``changed`` parts of a screen."""
    compositor._dirty_regions = set(changed)
    update = renders.render_partial_update(compositor)
    assert isinstance(update, ChopsUpdate)
    assert compositor.root is not None
    terminal = pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(terminal).feed(update.render_segments(compositor.root.app.console))
    return terminal.buffer


def some_region(chance: random.Random) -> Region:
    """A region of the screen, often a line, sometimes a part that begins or ends at an edge."""
    x, y = chance.randrange(WIDTH), chance.randrange(HEIGHT)
    width = chance.choice((1, chance.randint(1, WIDTH - x), WIDTH - x))
    height = chance.choice((1, chance.randint(1, HEIGHT - y), HEIGHT - y))
    return Region(x, y, width, height)


@pytest.mark.parametrize("seed", range(12))
async def test_every_change_is_drawn_as_textual_draws_it(seed: int) -> None:
    """Whatever regions changed, both compositors fill the same cells in the same way."""
    chance = random.Random(seed)
    changed = [some_region(chance) for _ in range(chance.randint(1, 5))]
    app = CoveredApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.screen.query_one(VerticalScroll).scroll_to(y=chance.randrange(12), animate=False)

        expected = drawn(app.screen._compositor, Compositor, changed)

        assert drawn(app.screen._compositor, ChangesCompositor, changed) == expected


async def test_nothing_changed_is_nothing_drawn() -> None:
    """Without a changed region there is no update."""
    app = CoveredApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.screen._compositor._dirty_regions = set()

        assert app.screen._compositor.render_partial_update() is None
