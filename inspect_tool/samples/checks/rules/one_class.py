"""L-ONE-CLASS: judged answers that are all good, or all bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding


class OneClass(Rule):
    """KTO learns from the difference between the two."""

    code = "L-ONE-CLASS"
    title = "all labels are the same"
    needs_tokens = False

    def applies(self, setting: Setting) -> bool:
        """Only KTO rows are judged one by one."""
        return setting.dataset.kind.name == "kto"

    def look(self, rows: RowsLens, setting: Setting) -> set[bool]:
        """Return the labels that occur."""
        return set(map(bool, rows.view.values("label")))

    def conclude(self, parts: list[set[bool]], summary: Summary) -> Iterator[Finding]:
        """Report every row if there is one label only."""
        labels = set().union(*parts)
        if len(labels) != 1 or summary.census.rows < 2:
            return
        yield summary.finding(
            self.code,
            "warning",
            f"every label is {labels.pop()}: there is nothing to tell good from bad",
            hits=Hits.of_rows(np.arange(summary.census.rows)),
            key="datasets.type",
            fix="map the field that holds the judgement to label",
        )
