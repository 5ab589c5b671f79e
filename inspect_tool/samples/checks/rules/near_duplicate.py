"""L-NEAR-DUPLICATE: rows that are nearly the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples import near_duplicates
from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding


class NearDuplicate(Rule):
    """Left out unless asked for: it takes longer than all other rules together."""

    code = "L-NEAR-DUPLICATE"
    title = "the row is nearly the same as an earlier one"
    on_request = True
    at_end = True

    def applies(self, setting: Setting) -> bool:
        """Runs of tokens are compared."""
        return setting.tokenized

    def undecided(self, setting: Setting) -> str | None:
        """The library must be there."""
        return None if near_duplicates.available() else near_duplicates.NEEDED

    def look(self, rows: RowsLens, setting: Setting) -> near_duplicates.Signatures:
        """Return the signatures of the rows."""
        return near_duplicates.signatures(setting.dataset, rows.view)

    def conclude(
        self, parts: list[near_duplicates.Signatures], summary: Summary
    ) -> Iterator[Finding]:
        """Report rows that resemble an earlier one, with the first pair."""
        if not parts or summary.census.unreadable:
            return
        made = np.concatenate(parts)
        copies = list(near_duplicates.near_copies(summary.setting.dataset, made))
        if not copies:
            return
        row, earlier, similarity = copies[0]
        hits = Hits.of_rows(np.array([copy[0] for copy in copies]))
        yield summary.finding(
            self.code,
            "warning",
            "the row is nearly the same as an earlier one",
            hits=hits,
            key="datasets.path",
            fix="keep one of each in the data, and none of them on both sides of a split",
            evidence=f"row {row} is {similarity:.0%} row {earlier}; {summary.shown(hits)}",
        )
