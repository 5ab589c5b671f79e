"""L-ATTENTION: trained tokens that the attention mask hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class HiddenTrained(SequenceRule):
    """What is predicted must be seen."""

    code = "L-ATTENTION"
    title = "a trained token is hidden by the attention mask"

    def applies(self, setting: Setting) -> bool:
        """Labels must be stored."""
        return setting.labels != "nothing"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice trained tokens with attention 0."""
        view = lens.sequence
        if view.attention is None or view.trained is None or view.attention.all():
            return None
        hidden = np.flatnonzero((view.attention == 0) & view.trained)
        return Hits.at(view, hidden) if len(hidden) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        yield summary.finding(
            self.code,
            "error",
            "a trained token is hidden by the attention mask",
            hits=hits,
            key="datasets.type",
            fix="set attention_mask to 1, or labels to -100, where the data was tokenized",
        )
