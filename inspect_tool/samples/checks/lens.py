"""A sequence's rows seen through a vocabulary: where markers stand, turns begin and runs end.

Worked out once per stretch, when the first rule asks, and only at the few places that matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inspect_tool.samples.checks.conversation import converse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.samples.checks.conversation import Conversation
    from inspect_tool.samples.checks.markers import Markers
    from inspect_tool.samples.views import SequenceView

    Integers = NDArray[np.integer[Any]]
    Flags = NDArray[np.bool_]
    Places = NDArray[np.int64]

STOP_WITHIN: Final = 4
"""Tokens after a trained run in which its end token may stand (axolotl 0.19 looks at 3)."""


@dataclass(frozen=True, eq=False, slots=True)
class Endings:
    """How every trained run ends; one entry per run of the view.

    ``closed`` bool[k]: its last token, white space aside, is an end token. ``masked_stop``
    int64[k]: the masked end token that follows it, -1 for none. ``open_end`` bool[k]: it is its
    row's last run and neither an end token nor another turn follows.
    """

    closed: Flags
    masked_stop: Places
    open_end: Flags


class Lens:
    """One sequence view, read with markers (None without a vocabulary)."""

    def __init__(self, sequence: SequenceView, markers: Markers | None) -> None:
        self.sequence = sequence
        self.known = markers

    @property
    def markers(self) -> Markers:
        """Return the markers; only for rules that need a vocabulary."""
        assert self.known is not None
        return self.known

    @cached_property
    def marked(self) -> Places:
        """Return the tokens that are markers of any kind, int64[m], ascending."""
        if not len(self.sequence.ids):
            return np.empty(0, dtype=np.int64)
        found = np.flatnonzero(self.markers.is_marker.take(self.sequence.ids, mode="clip"))
        return np.asarray(found[self.sequence.ids[found] >= 0])

    def where(self, flags: Flags) -> Places:
        """Return those of the markers whose ids ``flags`` bool[V + 1] holds, int64, ascending."""
        return self.marked[self.markers.holds(flags, self.sequence.ids[self.marked])]

    def where_id(self, token_id: int) -> Places:
        """Return the places of one marker, int64, ascending."""
        return np.asarray(self.marked[self.sequence.ids[self.marked] == token_id])

    @cached_property
    def stops(self) -> Places:
        """Return the end tokens, int64, ascending."""
        return self.where(self.markers.is_stop)

    @cached_property
    def openers(self) -> Places:
        """Return the tokens that open a turn, int64, ascending."""
        return self.where(self.markers.is_opener)

    @cached_property
    def endings(self) -> Endings:
        """Return how each trained run ends."""
        view, runs = self.sequence, self.sequence.runs
        closed = self._closed()
        row_stops = view.stops[runs.row]
        next_stop = _next(self.stops, runs.stop)
        next_opener = _next(self.openers, runs.stop)
        last = np.zeros(len(runs.row), dtype=np.bool_)
        last[view.last_runs[view.last_runs >= 0]] = True
        limit = np.where(last, row_stops, np.minimum(row_stops, runs.stop + STOP_WITHIN))
        reached = (next_stop < limit) & (next_stop < next_opener) & ~closed
        if view.trained is not None and reached.any():
            reached[reached] = ~view.trained[next_stop[reached]]
        return Endings(
            closed=closed,
            masked_stop=np.where(reached, next_stop, -1),
            open_end=last & ~closed & ~reached & (next_opener >= row_stops),
        )

    @cached_property
    def last_content(self) -> Places:
        """Return every row's last token that is neither padding nor white space, int64[r].

        -1 for a row without one.
        """
        place = self._last_unpadded()
        starts = self.sequence.starts
        rows = np.flatnonzero(place >= starts)
        while len(rows):
            rows = rows[self.markers.is_space(self.sequence.ids[place[rows]])]
            place[rows] -= 1
            rows = rows[place[rows] >= starts[rows]]
        return np.where(place >= starts, place, -1)

    @cached_property
    def conversation(self) -> Conversation:
        """Return the turns that opening tokens begin."""
        return converse(self.sequence, self.openers, self.stops, self.markers)

    def _last_unpadded(self) -> Places:
        view, pad = self.sequence, self.markers.own_pad
        place = view.stops.astype(np.int64) - 1
        if pad is not None and bool((view.at(place) == pad).any()):
            content = np.flatnonzero(view.ids != pad)
            before = np.searchsorted(content, view.stops) - 1
            place = np.where(before >= 0, content[before], -1) if len(content) else place * 0 - 1
        return place

    def _closed(self) -> Flags:
        view, runs, markers = self.sequence, self.sequence.runs, self.markers
        last = view.at(runs.stop - 1)
        before = view.at(np.where(runs.stop - 2 >= runs.start, runs.stop - 2, -1))
        closed = markers.holds(markers.is_stop, last)
        spaced = ~closed & markers.holds(markers.is_stop, before)
        spaced[spaced] = markers.is_space(last[spaced])
        return closed | spaced


def _next(places: Places, after: Places) -> Places:
    """Return the first of ``places`` at or after each of ``after``; a huge number for none."""
    padded = np.append(places, np.iinfo(np.int64).max)
    return padded[np.searchsorted(places, after)]
