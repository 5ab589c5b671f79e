"""Which losses are out of the ordinary, judged as they come; nothing but numbers here."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP = 20
"""Losses before any is judged."""
MEMORY = 20
"""About how many past losses count: each new one weighs 1/MEMORY."""
SIGMAS = 6.0
COUNTED_SIGMAS = 3.0
"""An outlier counts as a loss this far out, so that it does not hide the next one."""
LEAST_SPREAD = 0.02
"""The least standard deviation, as a share of the mean: a steady loss has no outliers."""


@dataclass
class UsualLoss:
    """The exponentially weighted mean and variance of the losses seen so far."""

    seen: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def is_outlier(self, loss: float) -> bool:
        """Judge a loss against those before it, then count it in.

        Losses that are not finite are no outliers and do not count.
        """
        if not math.isfinite(loss):
            return False
        outlier = loss > self._above(SIGMAS)
        self._count(self._above(COUNTED_SIGMAS) if outlier else loss)
        return outlier

    def _above(self, sigmas: float) -> float:
        """Return the loss so far above the mean; infinite while too few were seen."""
        if self.seen < WARM_UP:
            return math.inf
        return self.mean + sigmas * max(math.sqrt(self.variance), LEAST_SPREAD * abs(self.mean))

    def _count(self, loss: float) -> None:
        self.seen += 1
        weight = max(1 / self.seen, 1 / MEMORY)
        change = loss - self.mean
        self.mean += weight * change
        self.variance = (1 - weight) * (self.variance + weight * change * change)
