"""L-PADMASK: the padding token where text is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.evidence import shown_piece
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens

_INSIDE, _TRAINED = 0, 1


class PadInContent(SequenceRule):
    """Collators and trainers mask the padding token wherever it stands, also inside the text."""

    code = "L-PADMASK"
    title = "the padding token stands inside the text, or is trained"
    needs_vocabulary = True

    def undecided(self, setting: Setting) -> str | None:
        """The padding token must mean nothing else."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        if setting.markers.pad is None:
            return "the tokenizer names no padding token"
        if setting.markers.own_pad is None:
            return "the padding token is also the end, start or unknown token"
        return None

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice attended padding before the last text of a row, and trained padding anywhere."""
        view, pad = lens.sequence, lens.markers.own_pad
        assert pad is not None
        places = lens.where_id(pad)
        if not len(places):
            return None
        attended = np.ones(len(places), dtype=np.bool_)
        if view.attention is not None:
            attended = view.attention[places] != 0
        trained = np.zeros(len(places), dtype=np.bool_)
        if view.trained is not None and setting.trains_tokens:
            trained = view.trained[places]
        inside = attended & (places < lens.last_content[view.row_of(places)])
        wrong = inside | trained
        notes = np.where(trained, _TRAINED, _INSIDE)[wrong]
        return Hits.at(view, places[wrong], notes) if wrong.any() else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report trained padding apart from padding inside the text."""
        assert summary.setting.markers is not None
        markers = summary.setting.markers
        piece = shown_piece(markers.vocabulary, markers.pad or 0)
        fix = f"remove {piece} from the data, or give pad_token a token of its own"
        trained = hits.notes == _TRAINED
        if trained.any():
            yield summary.finding(
                self.code,
                "error",
                f"the padding token {piece} is trained",
                hits=hits.only(trained),
                key="special_tokens.pad_token",
                fix=fix,
            )
        if not trained.all():
            yield summary.finding(
                self.code,
                "warning",
                f"the padding token {piece} stands inside the text, where trainers may mask it",
                hits=hits.only(~trained),
                key="special_tokens.pad_token",
                fix=fix,
            )
