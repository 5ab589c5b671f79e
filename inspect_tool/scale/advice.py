"""What must change for the optimizer to see the same on N processes, or what rate it needs.

Advice, with its source: no rule of thumb knows a model and its data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_tool.scale.batch import Recipe

LINEAR = "linear: Goyal et al. 2017, Accurate, Large Minibatch SGD, arXiv:1706.02677"
ROOT = (
    "square root: Malladi et al. 2022, On the SDEs and Scaling Rules for Adaptive Gradient "
    "Algorithms, arXiv:2205.10287"
)
LINEAR_OPTIMIZERS = ("sgd", "flash_sgd", "flash_sgdw")

MOST_PROCESSES = 1024
"""Numbers of processes that are tried; an accumulation may be mistyped as large as anything."""
NO_CHANGE = "the global batch is the same, so the learning rate, warmup and steps can stay"


@dataclass(frozen=True)
class SameView:
    """Going from ``reference`` to ``processes`` with the same micro batch.

    ``factor`` is the global batch there over the one here, as the YAML is written.
    ``accumulation`` keeps the global batch; None where no whole number does, and ``fitting`` are
    then the numbers of processes that would.
    """

    reference: int
    processes: int
    factor: float
    accumulation: int | None
    fitting: tuple[int, ...]
    rate: float | None
    """The learning rate that the rule gives if the YAML stays as it is."""
    rule: str

    @property
    def keeps(self) -> str:
        """What keeps the rows a step, in words."""
        if self.accumulation:
            return f"gradient_accumulation_steps: {self.accumulation} keeps the rows a step"
        more = [str(count) for count in self.fitting if count > self.reference]
        could = f"; {', '.join(more)} processes could" if more else ""
        return f"no accumulation keeps the rows a step{could}"

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/scale.json)."""
        return {
            "reference_processes": self.reference,
            "factor": self.factor,
            "gradient_accumulation_steps": self.accumulation,
            "fitting_processes": list(self.fitting),
            "learning_rate": self.rate,
            "source": self.rule,
        }


def same_view(recipe: Recipe, processes: int, *, reference: int = 1) -> SameView:
    """Compare ``processes`` with the ``reference`` that the YAML's numbers were chosen for.

    The loss is the mean over micro batches of each one's mean over its tokens (axolotl turns
    transformers' token weighting off, core/trainers/base.py), so another micro batch is another
    objective even where the global batch is the same: only the accumulation may change.
    """
    before, now = recipe.shape(reference), recipe.shape(processes)
    factor = now.rows / before.rows if before.rows else 1.0
    batches = before.accumulation * before.world
    fits = batches % now.world == 0
    linear = recipe.optimizer.lower() in LINEAR_OPTIMIZERS
    scale = factor if linear else math.sqrt(factor)
    rate = None if recipe.learning_rate is None else recipe.learning_rate * scale
    if factor == 1:
        rate = recipe.learning_rate
    return SameView(
        reference=reference,
        processes=processes,
        factor=factor,
        accumulation=batches // now.world if fits and batches else None,
        fitting=tuple(
            n * recipe.splits
            for n in range(1, min(batches, MOST_PROCESSES) + 1)
            if batches % n == 0
        ),
        rate=rate,
        rule=NO_CHANGE if factor == 1 else LINEAR if linear else ROOT,
    )
