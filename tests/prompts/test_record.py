"""Recorders note calls and leave objects as they were."""

from __future__ import annotations

import pytest

from inspect_tool.prompts.strategies.record import Recorder


class Counter:
    """Counts, and may call itself."""

    def __init__(self) -> None:
        self.own = self.once

    def once(self, number: int, *, step: int = 1) -> list[int]:
        """Return a list."""
        return [number, step]

    def twice(self, number: int) -> int:
        """Call another method twice."""
        return len(self.once(number) + self.once(number))

    def fail(self) -> None:
        """Raise."""
        raise ValueError("no")


def test_arguments_and_results() -> None:
    """A call is noted with all its arguments by name, defaults included."""
    counter = Counter()

    with Recorder((counter, "once")) as recorder:
        counter.once(3)

    assert [(c.name, dict(c.arguments), c.result) for c in recorder.calls] == [
        ("once", {"number": 3, "step": 1}, [3, 1])
    ]


def test_results_are_as_they_were_returned() -> None:
    """A list that its caller extends later is noted as it was."""
    counter = Counter()

    with Recorder((counter, "once")) as recorder:
        counter.once(3).append(9)

    assert recorder.calls[0].result == [3, 1]


def test_only_outermost_calls() -> None:
    """What a noted method calls itself is not noted."""
    counter = Counter()

    with Recorder((counter, "once"), (counter, "twice")) as recorder:
        assert counter.twice(1) == 4

    assert [call.name for call in recorder.calls] == ["twice"]


def test_objects_are_left_as_they_were() -> None:
    """Wrappers go, attributes of the instance come back, also after an error."""
    counter = Counter()
    before = dict(vars(counter))

    with pytest.raises(ValueError, match="no"), Recorder((counter, "own"), (counter, "fail")):
        counter.fail()

    assert vars(counter) == before


def test_methods_that_are_not_there() -> None:
    """A method that another version of an object lacks is left out."""
    with Recorder((Counter(), "thrice")) as recorder:
        assert recorder.calls == []
