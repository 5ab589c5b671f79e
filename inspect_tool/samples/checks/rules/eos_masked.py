"""L-EOS-MASKED: the token that would teach the model to stop is not in the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.evidence import shown_piece
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding, Severity
    from inspect_tool.samples.checks.lens import Lens
    from inspect_tool.samples.checks.markers import Markers

_NEVER, _NOT_LAST, _NOT_EARLIER = range(3)
_CASES = 4


class EosMasked(SequenceRule):
    """After a trained text its end token follows, and its label is -100."""

    code = "L-EOS-MASKED"
    title = "the end token after a trained text is masked"
    needs_trained = True
    needs_vocabulary = True

    def undecided(self, setting: Setting) -> str | None:
        """Some token must be known to end a text."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        return None if setting.markers.stops else "no end token is known of this tokenizer"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice masked end tokens; the note holds the case and the token's id."""
        view, ends = lens.sequence, lens.endings
        masked = np.flatnonzero(ends.masked_stop >= 0)
        if not len(masked):
            return None
        rows = view.runs.row[masked]
        any_closed = np.zeros(len(view), dtype=np.bool_)
        any_closed[view.runs.row[ends.closed]] = True
        last_masked = ends.masked_stop[view.last_runs[rows]] >= 0
        case = np.where(last_masked, _NOT_LAST, _NOT_EARLIER)
        case[~any_closed[rows]] = _NEVER
        places = ends.masked_stop[masked]
        return Hits.at(view, places, view.ids[places].astype(np.int64) * _CASES + case)

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report each case and each end token by itself, the worst case first."""
        markers = summary.setting.markers
        assert markers is not None
        case, token_id = hits.notes % _CASES, hits.notes // _CASES
        for each in np.unique(case).tolist():
            for stop in np.unique(token_id[case == each]).tolist():
                chosen = hits.only((case == each) & (token_id == stop))
                yield self._finding(chosen, each, stop, markers, summary)

    def _finding(
        self, hits: Hits, case: int, stop: int, markers: Markers, summary: Summary
    ) -> Finding:
        piece = shown_piece(markers.vocabulary, stop)
        intent = summary.setting.intent
        wished = intent.known and intent.end_tokens <= {"none"}
        severity: Severity = {_NEVER: "error", _NOT_LAST: "warning"}.get(case, "info")  # type: ignore[assignment]
        message = {
            _NEVER: f"{piece} after the trained text is masked: the model never learns to stop",
            _NOT_LAST: f"{piece} after the last trained text is masked, after earlier ones trained",
            _NOT_EARLIER: f"{piece} is trained after the last text only, not after earlier ones",
        }[case]
        is_eos = stop == markers.eos or piece in intent.eot_tokens
        key, fix = _way_out(piece, is_eos=is_eos, case=case)
        return summary.finding(
            self.code, "info" if wished else severity, message, hits=hits, key=key, fix=fix
        )


def _way_out(piece: str, *, is_eos: bool, case: int) -> tuple[str, str]:
    if not is_eos:
        return (
            "eot_tokens",
            (
                f"{piece} is not this tokenizer's EOS, and axolotl trains another end token only "
                f'where it is named: eot_tokens: ["{piece}"]'
            ),
        )
    if case == _NOT_EARLIER:
        return "datasets.train_on_eos", "set train_on_eos: turn if every turn is to end itself"
    return (
        "datasets.train_on_eos",
        (
            "set train_on_eos: turn, and let the template write the end token right after the text "
            "(axolotl looks 3 tokens ahead); in input_output data train the segment that holds it"
        ),
    )
