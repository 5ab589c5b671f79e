"""L-ID-RANGE: ids that the tokenizer does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class IdRange(SequenceRule):
    """Either the data was made with another tokenizer, or it is read with another one here."""

    code = "L-ID-RANGE"
    title = "a token id past the vocabulary"
    needs_vocabulary = True

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice ids below 0 or past the vocabulary."""
        ids = lens.sequence.ids
        size = len(lens.markers.vocabulary)
        if not len(ids) or (ids.max() < size and ids.min() >= 0):
            return None
        strange = np.flatnonzero((ids < 0) | (ids >= size))
        return Hits.at(lens.sequence, strange, int(ids.max()))

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once, with the largest id."""
        assert summary.setting.markers is not None
        size = len(summary.setting.markers.vocabulary)
        yield summary.finding(
            self.code,
            "error",
            f"token ids that the tokenizer does not have (it has {size:,}, "
            f"the highest id is {hits.notes.max():,})",
            hits=hits,
            key="tokens",
            fix="name the tokenizer that made the data with --tokenizer; if the config adds tokens "
            "(tokens, special_tokens), prepare again so that data and tokenizer agree",
        )
