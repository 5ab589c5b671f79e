"""Which losses are out of the ordinary, judged as they come; nothing but numbers here."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP = 20
"""Losses before any is judged."""
MEMORY = 50
"""About how many past losses count: each new one weighs 1/MEMORY."""
SIGMAS = 6.0
LEAST_SPREAD = 0.02
"""The least standard deviation, as a share of the mean: a steady loss has no outliers."""


@dataclass
class UsualLoss:
    """The exponentially weighted mean and variance of the losses seen so far."""

    seen: int = 0
    mean: float = 0.0
    variance: float = 0.0

    @property
    def limit(self) -> float:
        """What a loss must exceed to be an outlier; infinite while too few were seen."""
        if self.seen < WARM_UP:
            return math.inf
        spread = max(math.sqrt(self.variance), LEAST_SPREAD * abs(self.mean))
        return self.mean + SIGMAS * spread

    def is_outlier(self, loss: float) -> bool:
        """Judge a loss against those before it, then count it in.

        An outlier counts no more than the limit does, so that it does not hide the next one.
        Losses that are not finite are no outliers and do not count.
        """
        if not math.isfinite(loss):
            return False
        limit = self.limit
        self._count(min(loss, limit))
        return loss > limit

    def _count(self, loss: float) -> None:
        self.seen += 1
        weight = max(1 / self.seen, 1 / MEMORY)
        change = loss - self.mean
        self.mean += weight * change
        self.variance = (1 - weight) * (self.variance + weight * change * change)
