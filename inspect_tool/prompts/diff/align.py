"""Alignment of two token sequences: where they differ, and what stands against what.

Common ends are cut off first. What is left is aligned by Myers' greedy algorithm ("An O(ND)
difference algorithm", 1986), whose equal runs are compared by numpy, so that long equal runs cost
memory speed; sequences that have little in common are aligned at the runs that they share.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

MOST_EDITS = 96
"""Edits that Myers' algorithm looks for; its time and memory grow with their square."""
MOST_CELLS = 4_000_000
"""Largest product of lengths that difflib is given, whose worst case is quadratic."""
BLOCK = 4096
LARGEST_GAP = 8
"""Equal tokens between two differences that may be counted as chance."""


@dataclass(frozen=True, slots=True)
class Region:
    """Tokens ``[train_start, train_stop)`` of one side that stand against those of the other."""

    train_start: int
    train_stop: int
    inference_start: int
    inference_stop: int

    @property
    def size(self) -> int:
        """Tokens of the longer side."""
        return max(self.train_stop - self.train_start, self.inference_stop - self.inference_start)

    def shifted(self, train: int, inference: int) -> Region:
        """Return the same region counted from earlier starts."""
        return Region(
            self.train_start + train,
            self.train_stop + train,
            self.inference_start + inference,
            self.inference_stop + inference,
        )


Ids: TypeAlias = "Sequence[int] | NDArray[np.integer[Any]]"


def align(train: Ids, inference: Ids, *, bos: int | None = None) -> list[Region]:
    """Return where two sequences of ids differ, in order; empty when they are the same.

    The BOS tokens that each begins with are compared by themselves, so that one too many is a
    difference of its own.
    """
    a = np.asarray(train, dtype=np.int64)
    b = np.asarray(inference, dtype=np.int64)
    if len(a) == len(b) and bool((a == b).all()):
        return []
    first, second = _leading(a, bos), _leading(b, bos)
    regions = []
    if first != second:
        same = min(first, second)
        regions.append(Region(same, first, same, second))
    a, b = a[first:], b[second:]
    middle = coalesced(_slid(_middle(a, b), a, b))
    return [*regions, *(region.shifted(first, second) for region in middle)]


def _slid(regions: list[Region], a: NDArray[np.int64], b: NDArray[np.int64]) -> Iterator[Region]:
    """Move what is only on one side as far to the right as the tokens allow.

    Of three newlines against two any may be the one too many; so it is always the last.
    """
    stops = [region.train_start for region in regions[1:]] + [len(a)] * bool(regions)
    for region, stop in zip(regions, stops, strict=True):
        only_a = region.inference_start == region.inference_stop
        if not only_a and region.train_start != region.train_stop:
            yield region
            continue
        ids = a if only_a else b
        start = region.train_start if only_a else region.inference_start
        size, room, by = region.size, stop - region.train_stop, 0
        while by < room and ids[start + by] == ids[start + size + by]:
            by += 1
        yield region.shifted(by, by)


def align_within(
    train: Ids, inference: Ids, *, edits: int, bos: int | None = None
) -> list[Region] | None:
    """Return what ``align`` does if it takes at most ``edits`` tokens, else None, and sooner."""
    if abs(len(train) - len(inference)) > edits:
        return None
    a = np.asarray(train, dtype=np.int64)
    b = np.asarray(inference, dtype=np.int64)
    start = _common(a, b)
    a, b = a[start:], b[start:]
    end = _common(a[::-1], b[::-1])
    a, b = a[: len(a) - end], b[: len(b) - end]
    if len(a) and len(b) and edits < MOST_EDITS and _myers(a, b, most=edits) is None:
        return None
    return align(train, inference, bos=bos)


def coalesced(regions: Iterable[Region]) -> list[Region]:
    """Join neighbours that only a few equal tokens part, fewer than either of them has."""
    joined: list[Region] = []
    for region in regions:
        if joined:
            last = joined[-1]
            gap = region.train_start - last.train_stop
            if gap == 0 or gap < min(last.size, region.size, LARGEST_GAP + 1):
                joined[-1] = Region(
                    last.train_start,
                    region.train_stop,
                    last.inference_start,
                    region.inference_stop,
                )
                continue
        joined.append(region)
    return joined


def _leading(ids: NDArray[np.int64], token: int | None) -> int:
    """Count how often ``token`` stands at the very beginning."""
    count = 0
    while token is not None and count < len(ids) and ids[count] == token:
        count += 1
    return count


def _middle(a: NDArray[np.int64], b: NDArray[np.int64]) -> list[Region]:
    """Cut off the common ends and align what is left."""
    start = _common(a, b)
    rest_a, rest_b = a[start:], b[start:]
    end = _common(rest_a[::-1], rest_b[::-1])
    rest_a, rest_b = rest_a[: len(rest_a) - end], rest_b[: len(rest_b) - end]
    if not len(rest_a) and not len(rest_b):
        return []
    if not len(rest_a) or not len(rest_b):
        found = [Region(0, len(rest_a), 0, len(rest_b))]
    else:
        matches = _myers(rest_a, rest_b)
        if matches is None:
            matches = _anchored(rest_a, rest_b)
        found = _between(matches, len(rest_a), len(rest_b))
    return [region.shifted(start, start) for region in found]


def _common(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Count the tokens that two sequences begin with in common, a block at a time."""
    limit, done = min(len(a), len(b)), 0
    while done < limit:
        stop = min(done + BLOCK, limit)
        differs = np.flatnonzero(a[done:stop] != b[done:stop])
        if len(differs):
            return done + int(differs[0])
        done = stop
    return limit


Match = tuple[int, int, int]
"""Where an equal run begins in each sequence, and its length."""


def _between(matches: list[Match], length_a: int, length_b: int) -> list[Region]:
    """Return what the equal runs leave."""
    regions, at_a, at_b = [], 0, 0
    for start_a, start_b, size in [*matches, (length_a, length_b, 0)]:
        if start_a > at_a or start_b > at_b:
            regions.append(Region(at_a, start_a, at_b, start_b))
        at_a, at_b = start_a + size, start_b + size
    return regions


def _myers(
    a: NDArray[np.int64], b: NDArray[np.int64], *, most: int | None = None
) -> list[Match] | None:
    """Return the equal runs of a shortest edit script, None if it has too many edits."""
    most = MOST_EDITS if most is None else most
    first_a, first_b = a.tolist(), b.tolist()
    reach: dict[int, int] = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(most, len(a) + len(b)) + 1):
        trace.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            below, right = reach.get(diagonal + 1, -1), reach.get(diagonal - 1, -2) + 1
            at_a = below if diagonal == -edits or (diagonal != edits and right <= below) else right
            at_b = at_a - diagonal
            if not (0 <= at_a <= len(a) and 0 <= at_b <= len(b)):
                continue
            if at_a < len(a) and at_b < len(b) and first_a[at_a] == first_b[at_b]:
                at_a += _common(a[at_a:], b[at_b:])
            reach[diagonal] = at_a
            if at_a == len(a) and at_a - diagonal == len(b):
                return _path(trace, len(a), len(b))
    return None


def _path(trace: list[dict[int, int]], at_a: int, at_b: int) -> list[Match]:
    """Walk back through the furthest reaches and collect the equal runs."""
    matches: list[Match] = []
    for edits in range(len(trace) - 1, -1, -1):
        reach, diagonal = trace[edits], at_a - at_b
        below, right = reach.get(diagonal + 1, -1), reach.get(diagonal - 1, -2) + 1
        down = diagonal == -edits or (diagonal != edits and right <= below)
        before = diagonal + 1 if down else diagonal - 1
        prior_a = reach.get(before, 0)
        start_a = prior_a if down else prior_a + 1
        if edits == 0:
            start_a = 0
        size = at_a - start_a
        if size:
            matches.append((start_a, start_a - diagonal, size))
        at_a, at_b = prior_a, prior_a - before
    return matches[::-1]


ANCHOR = 6
"""Tokens of a run that is looked for in both sequences, once in each."""


def _anchored(a: NDArray[np.int64], b: NDArray[np.int64]) -> list[Match]:
    """Align at runs that each sequence has once, and what lies between them by difflib."""
    matches: list[Match] = []
    at_a = at_b = 0
    for start_a, start_b in [*_anchors(a, b), (len(a), len(b))]:
        if start_a < at_a or start_b < at_b:
            continue
        matches += _difflib(a, b, (at_a, start_a), (at_b, start_b))
        size = _common(a[start_a:], b[start_b:])
        if size:
            matches.append((start_a, start_b, size))
        at_a, at_b = start_a + size, start_b + size
    return matches


def _difflib(
    a: NDArray[np.int64], b: NDArray[np.int64], of_a: tuple[int, int], of_b: tuple[int, int]
) -> list[Match]:
    if (of_a[1] - of_a[0]) * (of_b[1] - of_b[0]) > MOST_CELLS:
        return []
    matcher = SequenceMatcher(
        None, a[slice(*of_a)].tolist(), b[slice(*of_b)].tolist(), autojunk=False
    )
    return [
        (i + of_a[0], j + of_b[0], size) for i, j, size in matcher.get_matching_blocks() if size
    ]


def _anchors(a: NDArray[np.int64], b: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return runs that stand once in each, in an order that both share, as their starts."""
    once_a, once_b = _once(a), _once(b)
    pairs = sorted((once_a[key], once_b[key]) for key in once_a.keys() & once_b.keys())
    return _increasing(pairs)


def _once(ids: NDArray[np.int64]) -> dict[bytes, int]:
    if len(ids) < ANCHOR:
        return {}
    windows = np.lib.stride_tricks.sliding_window_view(ids, ANCHOR)
    rows = np.ascontiguousarray(windows).view(np.dtype((np.void, ids.itemsize * ANCHOR))).ravel()
    keys, starts, counts = np.unique(rows, return_index=True, return_counts=True)
    single = counts == 1
    return {
        key.tobytes(): int(start) for key, start in zip(keys[single], starts[single], strict=True)
    }


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest run of pairs whose second numbers increase too (patience sorting)."""
    from bisect import bisect_left

    tails: list[int] = []
    at: list[int] = []
    back: list[int] = []
    for index, (_, second) in enumerate(pairs):
        place = bisect_left(tails, second)
        if place == len(tails):
            tails.append(second)
            at.append(index)
        else:
            tails[place], at[place] = second, index
        back.append(at[place - 1] if place else -1)
    chain, index = [], at[-1] if at else -1
    while index >= 0:
        chain.append(pairs[index])
        index = back[index]
    return chain[::-1]
