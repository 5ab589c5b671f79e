"""Rows whose last text just breaks off: neither an end token nor another turn follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.samples.checks.lens import Lens
    from inspect_tool.samples.checks.rule import Setting, Summary


def open_trained(lens: Lens, setting: Setting) -> Hits | None:
    """Return the last trained token of rows that break off after it; notes are row lengths.

    Rows trained from end to end are left out where they may be pieces of a longer text.
    """
    view = lens.sequence
    runs = np.flatnonzero(lens.endings.open_end)
    if setting.intent.cuts_texts:
        runs = runs[~view.whole[view.runs.row[runs]]]
    lengths = view.lengths[view.runs.row[runs]]
    return Hits.at(view, view.runs.stop[runs] - 1, lengths) if len(runs) else None


def open_untrained(lens: Lens) -> Hits | None:
    """Return the last token of rows that do not end with an end token, labels aside.

    Notes are row lengths.
    """
    view, markers = lens.sequence, lens.markers
    last = lens.last_content
    rows = np.flatnonzero((last >= 0) & ~markers.holds(markers.is_stop, view.at(last)))
    return Hits.at(view, last[rows], view.lengths[rows]) if len(rows) else None


def looks_cut(hits: Hits, summary: Summary) -> NDArray[np.bool_]:
    """Tell which of the rows that break off look cut at a length limit; bool[h].

    Without a config the longest rows are suspected, unless it is usual here to break off.
    """
    usual = 2 * len(np.unique(hits.rows)) > summary.census.rows
    if usual and summary.setting.intent.sequence_len is None:
        return np.zeros(len(hits), dtype=np.bool_)
    return np.asarray(hits.notes >= summary.cut_length)
