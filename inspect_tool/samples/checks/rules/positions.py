"""L-POSITIONS: position ids that do not count a row's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class Positions(SequenceRule):
    """Axolotl stores one sample per row and packs later: each row counts from 0."""

    code = "L-POSITIONS"
    title = "position ids do not count from 0"

    def applies(self, setting: Setting) -> bool:
        """Only rows made for packing have position ids."""
        return any(columns.positions for columns in setting.dataset.kind.sequences)

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice rows whose first position is not 0 or whose last is not their length - 1."""
        view = lens.sequence
        if view.positions is None:
            return None
        rows = np.flatnonzero(view.lengths)
        first, last = view.positions[view.starts[rows]], view.positions[view.stops[rows] - 1]
        wrong = rows[(first != 0) | (last != view.lengths[rows] - 1)]
        return Hits.at(view, view.starts[wrong]) if len(wrong) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        yield summary.finding(
            self.code,
            "warning",
            "position ids do not count the row's tokens from 0: samples may see each other",
            hits=hits,
            key="sample_packing",
            fix="prepare again; rows that are packed already must not be packed by axolotl again",
        )
