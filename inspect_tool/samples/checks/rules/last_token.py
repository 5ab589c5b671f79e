"""L-LAST-TOKEN: rows teach several ways to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.evidence import shown_piece
from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from inspect_tool.findings import Finding


class LastToken(Rule):
    """Whoever serves the model must stop on each of them; most servers know one."""

    code = "L-LAST-TOKEN"
    title = "rows end with different end tokens"
    needs_trained = True
    needs_vocabulary = True

    def look(self, rows: RowsLens, setting: Setting) -> None:
        """The pass itself notes every row's last trained token."""

    def conclude(self, parts: list[Any], summary: Summary) -> Iterator[Finding]:
        """Report the rows whose end token is not the most frequent one."""
        markers = summary.setting.markers
        assert markers is not None
        ends = markers.holds(markers.is_stop, summary.last_trained)
        ids, counts = np.unique(summary.last_trained[ends], return_counts=True)
        if len(ids) < 2:
            return
        usual = ids[counts.argmax()]
        order = np.argsort(-counts, kind="stable")
        total = counts.sum()
        table = ", ".join(
            f"{shown_piece(markers.vocabulary, int(ids[i]))} {counts[i] / total:.1%}" for i in order
        )
        others = np.flatnonzero(ends & (summary.last_trained != usual))
        yield summary.finding(
            self.code,
            "warning",
            f"rows end with different end tokens ({table}): inference must stop on each of them",
            hits=Hits.of_rows(others),
            key="datasets.chat_template",
            fix="let every dataset end its rows alike (one template, one EOS), or add all of them "
            "to eos_token_id of the generation config",
        )
