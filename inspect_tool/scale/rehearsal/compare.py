"""What the two recordings say, in the order of evidence.

What an earlier stage finds explains what the later ones would: another row in a step makes every
number differ. So the first stage that finds an error is the last one asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.scale.rehearsal import numbers, processes, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.scale.rehearsal.recorded import Recorded

STAGES: tuple[Callable[[Recorded], Iterator[Finding]], ...] = (
    processes.find,
    rows.find_settings,
    rows.find,
    numbers.find_weights,
    numbers.find_learning_rate,
    numbers.find_drift,
    numbers.find,
)


def compare(recorded: Recorded) -> tuple[Finding, ...]:
    """Return what the first stage finds that finds anything, and what was not compared."""
    for stage in STAGES:
        if found := tuple(stage(recorded)):
            return found
    return tuple(rows.remarks(recorded))
