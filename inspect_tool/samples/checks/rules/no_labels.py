"""L-NO-LABELS: token rows that say nothing about what is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from inspect_tool.findings import Finding


class NoLabels(Rule):
    """Pre-tokenized data without labels has no loss."""

    code = "L-NO-LABELS"
    title = "no labels are stored"

    def applies(self, setting: Setting) -> bool:
        """Only supervised rows need labels."""
        return setting.dataset.kind.name in {"sft", "packed"}

    def look(self, rows: RowsLens, setting: Setting) -> None:
        """The schema tells; no row is looked at."""

    def conclude(self, parts: list[Any], summary: Summary) -> Iterator[Finding]:
        """Report every row of a dataset without labels."""
        if summary.census.labelled or not summary.census.rows:
            return
        yield summary.finding(
            self.code,
            "error",
            "there is no labels column: nothing says what is trained",
            hits=Hits.of_rows(np.arange(summary.census.rows)),
            key="datasets.type",
            fix="store labels beside input_ids (-100 where masked)",
        )
