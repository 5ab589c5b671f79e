"""L-LABEL: labels that are neither masked nor what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class LabelMismatch(SequenceRule):
    """A label is -100, or the id of its own token (or the class of a step, 0 or 1)."""

    code = "L-LABEL"
    title = "a label is neither -100 nor its own token"

    def applies(self, setting: Setting) -> bool:
        """Labels must be stored."""
        return setting.labels != "nothing"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice trained tokens whose label is another."""
        view = lens.sequence
        if view.labels is None or view.trained is None:
            return None
        if setting.labels == "classes":
            labels = view.labels
            wrong = np.flatnonzero(view.trained & (labels != 0) & (labels != 1))
        else:
            differs = view.labels != view.ids
            masked = len(view.ids) - int(view.trained_counts.sum(dtype=np.int64))
            if np.count_nonzero(differs) == masked:
                return None
            wrong = np.flatnonzero(view.trained & differs)
        return Hits.at(view, wrong, view.labels[wrong], each_note=False) if len(wrong) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once, with the first label."""
        wanted = "a class (0 or 1)" if summary.setting.labels == "classes" else "its token's id"
        yield summary.finding(
            self.code,
            "error",
            f"a label is neither -100 nor {wanted}: the model learns another token than the text",
            hits=hits,
            key="datasets.type",
            fix="axolotl keeps labels that the data brings: make them anew, or leave them to it",
            evidence=f"{summary.shown(hits)}, label {hits.notes[0]}",
        )
