"""How fast each rank comes to where the ranks of a step meet, and which one the others wait for."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from inspect_tool.scale.ranks.record import folder_of

if TYPE_CHECKING:
    from pathlib import Path

PULSE = "pulse.jsonl"
PLUGIN = "inspect_tool.scale.ranks.pulse.Pulse"
WARM_STEPS = 1
"""Steps at the start that do not count: kernels are compiled, data loaders begin."""


@dataclass(frozen=True)
class Pace:
    """One rank's median seconds a step before it meets the others; ``steps`` so far."""

    rank: int
    steps: int
    wait: float
    """For data."""
    forward: float

    @property
    def seconds(self) -> float:
        """Return the two together."""
        return self.wait + self.forward


def read_paces(run: Path, processes: int) -> list[Pace]:
    """Return the pace of every rank that has taken a step, by rank; readable while it runs."""
    paces = []
    for rank in range(processes):
        steps = _steps((folder_of(run, rank) if rank else run) / PULSE)
        counted = steps[WARM_STEPS:] or steps
        if counted:
            wait = median(wait for wait, _ in counted)
            forward = median(forward for _, forward in counted)
            paces.append(Pace(rank, len(steps), wait, forward))
    return paces


def slowest(paces: list[Pace]) -> Pace | None:
    """Return the rank that takes longest; None where fewer than two can be compared."""
    return max(paces, key=lambda pace: pace.seconds) if len(paces) > 1 else None


def _steps(file: Path) -> list[tuple[float, float]]:
    """Return seconds waited and in forward by step; a line being written is left out."""
    steps = []
    with suppress(OSError), file.open(encoding="utf-8") as lines:
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):
                read = json.loads(line)
                steps.append((float(read["wait"]), float(read["forward"])))
    return steps
