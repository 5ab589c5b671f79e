"""What a curve is, and what its picture says: its ends in few characters, few enough points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Point = tuple[float, float | None]
LABEL: Final = 8
"""Characters that a number takes at most."""
FARTHEST: Final = 1e300
"""Beyond this a number is drawn here: the distance of two must be a number too."""


@dataclass(frozen=True)
class Curve:
    """A name and points: ``x`` ascending, ``y`` None where it was not finite."""

    name: str
    points: tuple[Point, ...] = ()


def number(value: float) -> str:
    """Return a number in at most eight characters."""
    if value and not 1e-3 <= abs(value) < 1e5:
        said = f"{value:.1e}"
        return said if len(said) <= LABEL else f"{value:.0e}"
    return f"{value:.4g}"


def thinned(points: Sequence[Point], columns: int) -> tuple[Point, ...]:
    """Return what is seen of many points in so many columns: at most three in each, and both ends.

    Of each stretch the lowest and the highest stay, so that no peak is lost, and one that was not
    finite.
    """
    if len(points) <= 3 * columns:
        return tuple(points)
    length = math.ceil(len(points) / columns)
    kept = {0, len(points) - 1}
    for start in range(0, len(points), length):
        finite: list[tuple[float, int]] = []
        odd: list[int] = []
        for at in range(start, min(start + length, len(points))):
            y = points[at][1]
            if y is None:
                odd.append(at)
            else:
                finite.append((y, at))
        kept.update(odd[:1])
        if finite:
            kept |= {min(finite)[1], max(finite)[1]}
    return tuple(points[at] for at in sorted(kept))


def near(value: float) -> float:
    """Return a number, or the farthest that is drawn."""
    return min(max(value, -FARTHEST), FARTHEST)


def limits(values: Iterable[float]) -> tuple[float, float]:
    """Return the lowest and the highest number of an axis, apart where all are the same."""
    known = [near(value) for value in values]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        pad = abs(high) * 0.1 or 1.0
        return low - pad, high + pad
    return low, high
