"""L-EQUAL-PAIR: pairs with nothing to prefer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding


class EqualPair(Rule):
    """A reward model cuts both sides at sequence_len: after a long prompt they are the same."""

    code = "L-EQUAL-PAIR"
    title = "chosen and rejected are the same"
    needs_tokens = False

    def applies(self, setting: Setting) -> bool:
        """Only pairs can be equal."""
        return setting.dataset.kind.name in {"preference", "reward"}

    def look(self, rows: RowsLens, setting: Setting) -> Hits | None:
        """Notice rows whose sides are equal."""
        if rows.sequences:
            equal = _equal_tokens(rows)
        else:
            chosen, rejected = rows.view.values("chosen"), rows.view.values("rejected")
            pairs = zip(chosen, rejected, strict=True)
            equal = np.flatnonzero([left == right for left, right in pairs])
        return Hits.of_rows(equal + rows.view.first) if len(equal) else None

    def conclude(self, parts: list[Hits], summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        hits = Hits.joined(parts)
        if not len(hits):
            return
        tokenized = summary.setting.tokenized
        yield summary.finding(
            self.code,
            "error",
            "chosen and rejected are the same: the pair teaches nothing",
            hits=hits,
            key="sequence_len" if tokenized else "datasets.path",
            fix="raise sequence_len (both sides are cut there), or drop the pairs from the data"
            if tokenized
            else "drop the pairs from the data, or map the two answers to their own fields",
        )


def _equal_tokens(rows: RowsLens) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    chosen, rejected = (lens.sequence for lens in rows.sequences)
    likely = np.flatnonzero((chosen.lengths == rejected.lengths) & (chosen.lengths > 0))
    equal = [
        row
        for row in likely.tolist()
        if np.array_equal(
            chosen.ids[chosen.offsets[row] : chosen.offsets[row + 1]],
            rejected.ids[rejected.offsets[row] : rejected.offsets[row + 1]],
        )
    ]
    return np.array(equal, dtype=np.int64)
