"""When the app collects garbage, and what it gives back."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tool.tui.garbage import (
    QUIET_SECONDS,
    TOO_MUCH,
    WORTHWHILE,
    Collector,
    private_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(autouse=True)
def _by_hand() -> Iterator[None]:
    """Nothing is collected behind the test's back, and nothing is left to collect."""
    gc.disable()
    gc.collect()
    yield
    gc.enable()


@pytest.fixture
def clock() -> Clock:
    """The collector's clock."""
    return Clock()


@pytest.fixture
def collector(clock: Clock) -> Collector:
    """A collector that just saw a key."""
    return Collector(clock)


def test_garbage_is_collected_in_a_quiet_moment(clock: Clock, collector: Collector) -> None:
    """Cycles are gone once nothing was pressed for a while."""
    made = [[number] for number in range(WORTHWHILE.objects + 1)]
    clock.now += QUIET_SECONDS

    assert collector.collect()
    assert gc.get_count()[0] < WORTHWHILE.objects
    assert made


def test_nothing_is_collected_while_keys_are_pressed(clock: Clock, collector: Collector) -> None:
    """A frame never waits for a collection."""
    made = [[number] for number in range(WORTHWHILE.objects + 1)]
    clock.now += QUIET_SECONDS
    collector.note_input()

    assert not collector.collect()
    assert made


def test_little_is_left_lying(clock: Clock, collector: Collector) -> None:
    """What is not worth the while is left."""
    clock.now += QUIET_SECONDS

    assert not collector.collect()


def test_very_much_is_collected_whatever_is_pressed(collector: Collector) -> None:
    """Memory does not grow for as long as a key is held."""
    made = [[] for _ in range(TOO_MUCH.objects)]  # type: list[list[int]]

    assert collector.collect()
    assert made


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc")
def test_what_threads_freed_is_given_back(clock: Clock, collector: Collector) -> None:
    """Memory that a thread allocated and freed does not stay with the process."""
    before = private_bytes()
    pieces: list[bytes] = []

    def work() -> None:
        pieces.extend(bytes(4000) for _ in range(4 * WORTHWHILE.size // 4000))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    last = pieces.pop()
    pieces.clear()
    clock.now += QUIET_SECONDS
    collector.collect()

    assert last
    assert private_bytes() - before < WORTHWHILE.size
