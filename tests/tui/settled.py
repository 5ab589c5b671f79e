"""A pilot that goes on when the app has nothing left to do, not when the processor looks idle.

Textual's own takes a process that gets no processor time for one that is done, so on a busy machine
tests look too early; and it waits where there is nothing to wait for. What threads and timers bring
later is not waited for: tests say what they wait for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from textual.pilot import Pilot

from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump

TURNS = 5
"""Turns of the event loop without any message: what a handler has begun takes some to go on."""

GRANULARITY = 0.001
"""Seconds of Textual's own naps between keys; the rest that follows them is what counts."""


class SettledPilot(Pilot[Any]):
    """Waits after each key and pause until every message is dealt with and everything is drawn."""

    async def press(self, *keys: str) -> None:
        """Press keys one by one, and let the app take each."""
        for key in keys:
            await super().press(key)

    async def pause(self, delay: float | None = None) -> None:
        """Wait for rest, or ``delay`` seconds and then for rest."""
        await super().pause(delay)
        await settled(self.app)

    async def _wait_for_screen(self, timeout: float = PATIENCE) -> bool:
        await settled(self.app, patience=timeout)
        return True


async def settled(app: App[Any], *, patience: float = PATIENCE) -> None:
    """Return once no widget has a message to take, none is at work, and all screens are drawn."""
    loop = asyncio.get_running_loop()
    deadline, quiet = loop.time() + patience, 0
    while quiet < TURNS and app._running and not app._exit and app._exception is None:
        await asyncio.sleep(0)
        busy = [pump for pump in _pumps(app) if not _rests(pump)]
        if busy:
            quiet = 0
            assert loop.time() < deadline, f"{patience:.0f} s without rest: {busy}"
            await asyncio.sleep(GRANULARITY / 2)
        else:
            quiet += 1
            for screen in app.screen_stack:  # those below are seen through the one on top
                screen._on_timer_update()


def _pumps(app: App[Any]) -> list[MessagePump]:
    """Return all that takes messages: the app and every widget of its screens."""
    screens = app.screen_stack
    return [app, *(node for screen in screens for node in screen.walk_children(with_self=True))]


def _rests(pump: MessagePump) -> bool:
    """Tell whether a pump waits for its next message, or will not take one any more."""
    arrival: asyncio.Event = pump._message_queue.ready_event
    return pump._closed or (bool(arrival._waiters) and not arrival.is_set())
