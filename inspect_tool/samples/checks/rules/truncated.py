"""L-TRUNCATED: rows that break off at the length limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.samples.checks.open_ends import looks_cut, open_trained, open_untrained
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class Truncated(SequenceRule):
    """What was cut away is the end of the answer, and with it the end token."""

    code = "L-TRUNCATED"
    title = "the row breaks off at the length limit"
    needs_vocabulary = True

    def applies(self, setting: Setting) -> bool:
        """Classes of steps stand inside the text; its end is nobody's target."""
        return setting.tokenized and setting.labels != "classes"

    def undecided(self, setting: Setting) -> str | None:
        """Some token must be known to end a text."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        return None if setting.markers.stops else "no end token is known of this tokenizer"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice rows that break off."""
        if setting.trains_tokens:
            return open_trained(lens, setting)
        return open_untrained(lens)

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report rows that are as long as rows get."""
        hits = hits.only(looks_cut(hits, summary))
        if not len(hits):
            return
        yield summary.finding(
            self.code,
            "warning",
            f"the row breaks off after {hits.notes.max():,} tokens, as long as rows get, "
            "without an end token: it was probably cut",
            hits=hits,
            key="excess_length_strategy",
            fix="raise sequence_len, or drop long rows (excess_length_strategy: drop)",
        )
