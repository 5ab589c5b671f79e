"""L-TAIL-WS: trained text with white space at its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens

_LEADING, _TRAILING = 0, 1


class EdgeSpace(SequenceRule):
    """The model learns to write it, and templates that trim render another text at inference."""

    code = "L-TAIL-WS"
    title = "trained text starts or ends with white space"
    needs_trained = True
    needs_vocabulary = True

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice white space at the start of a row's first run, and before its end tokens."""
        view = lens.sequence
        runs = np.flatnonzero(~view.whole[view.runs.row])
        if not len(runs):
            return None
        leading = Hits.at(view, _leading(lens, runs), _LEADING)
        trailing = Hits.at(view, _trailing(lens, runs), _TRAILING)
        return Hits.joined([leading, trailing])

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report each edge by itself."""
        for note, edge, place in ((_LEADING, "starts", "start"), (_TRAILING, "ends", "end")):
            chosen = hits.only(hits.notes == note)
            if len(chosen):
                yield summary.finding(
                    self.code,
                    "info",
                    f"the trained text {edge} with white space",
                    hits=chosen,
                    key="datasets.path",
                    fix=f"strip the answers in the data, unless the space at the {place} is meant",
                )


def _leading(lens: Lens, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first tokens of rows' first runs that start with more than a word's space."""
    view = lens.sequence
    first = runs[np.diff(view.runs.row[runs], prepend=-1) > 0]
    start = view.runs.start[first]
    inside = start + 1 < view.runs.stop[first]
    following = view.at(np.where(inside, start + 1, -1))
    return start[lens.markers.starts_with_space(view.at(start), following)]


def _trailing(lens: Lens, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last tokens of trained texts, end tokens aside, that end with white space."""
    view, ends = lens.sequence, lens.endings
    done = runs[ends.closed[runs] | ends.open_end[runs]]
    last = view.runs.stop[done] - 1
    stopped = lens.markers.holds(lens.markers.is_stop, view.ids[last])
    last -= np.where(stopped, 1, np.where(ends.closed[done], 2, 0))
    last = last[last >= view.runs.start[done]]
    return last[lens.markers.ends_with_space(view.ids[last])]
