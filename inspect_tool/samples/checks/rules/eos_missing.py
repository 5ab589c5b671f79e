"""L-EOS-MISSING: a trained text that no end token follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.samples.checks.open_ends import looks_cut, open_trained
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class EosMissing(SequenceRule):
    """Data that brings its own tokens or segments must write the end token itself."""

    code = "L-EOS-MISSING"
    title = "no end token follows the trained text"
    needs_trained = True
    needs_vocabulary = True

    def undecided(self, setting: Setting) -> str | None:
        """Some token must be known to end a text."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        return None if setting.markers.stops else "no end token is known of this tokenizer"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice rows that break off after trained text."""
        return open_trained(lens, setting)

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report rows that are not as long as rows get: those are L-TRUNCATED."""
        hits = hits.only(~looks_cut(hits, summary))
        if not len(hits):
            return
        everywhere = summary.everywhere(hits)
        yield summary.finding(
            self.code,
            "error" if everywhere else "warning",
            "no end token follows the trained text: the model is not taught to stop there",
            hits=hits,
            key="datasets.type",
            fix="write the end token where the text ends: in the template, or in the data itself "
            "(input_output and pre-tokenized rows are stored as they are)",
        )
