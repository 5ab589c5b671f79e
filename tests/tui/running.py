"""The real app under a pilot: opened, settled, and asked what is on its screen."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events

from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.document import Request
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from inspect_tool.tui.document import Document
    from inspect_tool.tui.screens.workbench import Workbench
    from inspect_tool.tui.widgets.document_view import DocumentView

WIDE = (160, 48)
NARROW = (80, 24)

NAMES = {
    " ": "space",
    "#": "number_sign",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    "%": "percent_sign",
    "=": "equals_sign",
    "/": "slash",
    ".": "full_stop",
    "_": "underscore",
    "-": "minus",
    ":": "colon",
    "|": "vertical_line",
}
"""Textual's names of the characters that tests type."""


@dataclass(frozen=True)
class Running:
    """An app that runs; keys go in, and what it shows comes out."""

    app: InspectApp
    pilot: Pilot[int]

    @property
    def bench(self) -> Workbench:
        """The main screen."""
        return self.app.workbench

    @property
    def view(self) -> DocumentView:
        """The tab that is shown."""
        assert self.app.view is not None
        return self.app.view

    @property
    def document(self) -> Document:
        """What the tab is about."""
        return self.view.document

    @property
    def screen(self) -> str:
        """Everything that is on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def notes(self) -> str:
        """What the app has said in passing."""
        return "\n".join(note.message for note in self.app._notifications)

    async def press(self, *keys: str) -> None:
        """Press keys, and let the app take them."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*(NAMES.get(char, char) for char in text))
        await self.pilot.pause()

    async def paste(self, text: object) -> None:
        """Paste something into what has the focus, as a terminal does."""
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(str(text)))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Let the app run until ``condition`` holds; fails saying what it waited for."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"no {what}; the screen shows\n{self.screen}"
            await self.pilot.pause(0.02)
        await self.pilot.pause()

    async def settled(self) -> None:
        """Wait until every row is counted and the explorer has looked around."""
        await self.until(lambda: self.bench.explorer.workspace is not None, "the explorer")
        await self.until(
            lambda: all(v.document.counted is None for v in self.bench.views), "counting"
        )


@asynccontextmanager
async def running(
    path: Path,
    *,
    size: tuple[int, int] = WIDE,
    config: Path | None = None,
    tokenizer: str | None = None,
    confirms: bool = False,
) -> AsyncIterator[Running]:
    """Run the app on a path and wait until it has settled; axolotl is asked only on request."""
    app = InspectApp(Request(path, config, tokenizer), confirms=confirms)
    async with app.run_test(size=size) as pilot:
        run = Running(app, pilot)
        await run.settled()
        yield run
