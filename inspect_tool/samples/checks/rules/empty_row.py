"""L-EMPTY: rows without a single token, and datasets without a single row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.findings import Finding
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.samples.checks.lens import Lens


class EmptyRow(SequenceRule):
    """Nothing to predict, and collators fail on it."""

    code = "L-EMPTY"
    title = "the row has no tokens"
    needs_tokens = False

    def conclude(self, parts: list[Any], summary: Summary) -> Iterator[Finding]:
        """Report a dataset that axolotl stored although every raw row was dropped."""
        yield from super().conclude(parts, summary)
        if not summary.census.rows:
            yield Finding(
                code=self.code,
                severity="error",
                message="the dataset has no rows: every raw row was dropped, or there was none",
                key="sequence_len",
                fix="`inspect-tool ledger CONFIG` says why each raw row was dropped; most often "
                "it is longer than sequence_len",
            )

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice rows of length 0."""
        view = lens.sequence
        rows = np.flatnonzero((view.lengths == 0) & ~view.uneven)
        return Hits.in_rows(view, rows) if len(rows) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        yield summary.finding(
            self.code,
            "warning",
            "the row has no tokens",
            hits=hits,
            key="min_sample_len",
            fix="drop the rows from the data, or set min_sample_len: 2",
        )
