"""The two runs side by side, as far as they got, and how far their numbers may lie apart."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from inspect_tool.scale.fleet import Fleet, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.scale.rehearsal.facts import Rank, Step, Training

SUMMATION = 1e-10
"""Rounding of a float32 sum of squares for each element of a parameter.

Where weights are split, a parameter's norm is added up in pieces. Measured on a CPU: 4e-5 for two
million elements, 3e-4 for eight, 8e-4 for seventeen.
"""


@dataclass(frozen=True)
class Tolerance:
    """Relative differences up to which numbers count as equal."""

    loss: float
    grad_norm: float

    @classmethod
    def of(cls, values: Mapping[str, object], *, strategy: Strategy, largest: int) -> Tolerance:
        """Return what a config's precision allows; ``largest`` is that of the weights."""
        if any(values.get(key) for key in ("bf16", "bfloat16", "fp16", "float16")):
            return cls(loss=5e-3, grad_norm=3e-2)
        split = SUMMATION * largest if strategy is not Strategy.DDP else 0.0
        return cls(loss=1e-5, grad_norm=1e-5 + split)


@dataclass(frozen=True)
class Recorded:
    """What both runs wrote. ``one`` trained at least a first step's beginning."""

    one: Rank
    many: tuple[Rank, ...]
    fleet: Fleet
    tolerance: Tolerance
    on_gpus: bool = False

    @property
    def reference(self) -> Training:
        """What the run on one process trained."""
        assert self.one.training is not None
        return self.one.training

    @cached_property
    def trainings(self) -> tuple[Training, ...]:
        """What each rank of the other run trained."""
        return tuple(rank.training for rank in self.many if rank.training is not None)

    @cached_property
    def whole_steps(self) -> int | None:
        """Steps that the split fills before it ends; None where its size is not known.

        After them one process and many come out differently: what is left over is dealt out.
        """
        one = self.reference
        if one.packs is not None:
            return one.packs // max(one.accumulation, 1)
        rows = one.micro_batch * one.accumulation
        return None if one.rows is None else one.rows // max(rows, 1)

    @cached_property
    def pairs(self) -> tuple[tuple[Step, tuple[Step, ...]], ...]:
        """The steps that can be compared: the one's and every rank's of the other."""
        ranks = [{step.step: step for step in rank.steps} for rank in self.many]
        most = math.inf if self.whole_steps is None else self.whole_steps
        return tuple(
            (step, tuple(rank[step.step] for rank in ranks))
            for step in self.one.steps
            if ranks and step.step <= most and all(step.step in rank for rank in ranks)
        )


def rows_of(steps: tuple[Step, ...]) -> Counter[str]:
    """Count the rows of these steps by content id."""
    return Counter(name for step in steps for batch in step.batches for name in batch.ids)


def batches_of(steps: tuple[Step, ...]) -> Counter[tuple[str, ...]]:
    """Count their micro batches."""
    return Counter(batch.ids for step in steps for batch in step.batches)


def numbers_of(rank: Rank) -> Iterator[int]:
    """Yield the numbers of the rows that a rank saw, in their order, where they are known."""
    for batch in rank.batches:
        yield from (row for row in batch.rows if row is not None)


def apart(one: float, many: float) -> float:
    """Return the relative difference; 0 where both are no number."""
    if one == many or (math.isnan(one) and math.isnan(many)):
        return 0.0
    scale = max(abs(one), abs(many))
    return abs(one - many) / scale if scale else 0.0
