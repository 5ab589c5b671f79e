"""L-UNK: text that became the unknown token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.samples.checks.evidence import shown_piece
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class UnknownToken(SequenceRule):
    """What was written there is lost; byte fallback and byte-level tokenizers never need it."""

    code = "L-UNK"
    title = "the unknown token stands in the text"
    needs_vocabulary = True

    def undecided(self, setting: Setting) -> str | None:
        """The unknown token must mean nothing else."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        markers = setting.markers
        if markers.unk is None:
            return "the tokenizer has no unknown token"
        if markers.unk in {markers.pad, markers.eos, markers.bos}:
            return "the unknown token has another meaning in this tokenizer"
        return None

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice unknown tokens that are not padding."""
        assert lens.markers.unk is not None
        places = lens.where_id(lens.markers.unk)
        attention = lens.sequence.attention
        if attention is not None:
            places = places[attention[places] != 0]
        return Hits.at(lens.sequence, places) if len(places) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        assert summary.setting.markers is not None
        markers = summary.setting.markers
        piece = shown_piece(markers.vocabulary, markers.unk or 0)
        yield summary.finding(
            self.code,
            "warning",
            f"the unknown token {piece} stands in the text: what was written there is lost",
            hits=hits,
            key="tokenizer_config",
            fix=f"look for {piece} written in the data, or for characters the tokenizer lacks",
        )
