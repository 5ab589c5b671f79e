"""L-DOUBLE-END: the end token twice in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.samples.checks.evidence import shown_piece
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens

_WITHIN = 3


class DoubleEnd(SequenceRule):
    """The data holds the end token already and the template writes another one."""

    code = "L-DOUBLE-END"
    title = "the end token is trained twice in a row"
    needs_trained = True
    needs_vocabulary = True

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice two equal, trained end tokens with nothing but white space between them."""
        view, stops = lens.sequence, lens.stops
        if view.trained is None or len(stops) < 2:
            return None
        first, second = stops[:-1], stops[1:]
        close = (second - first <= _WITHIN) & (view.ids[first] == view.ids[second])
        close &= view.row_of(first) == view.row_of(second)
        close &= view.trained[first] & view.trained[second]
        first, second = first[close], second[close]
        for step in range(1, _WITHIN):
            between = first + step < second
            between[between] = ~lens.markers.is_space(view.at(first[between] + step))
            first, second = first[~between], second[~between]
        return Hits.at(view, second, view.ids[second]) if len(second) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        assert summary.setting.markers is not None
        piece = shown_piece(summary.setting.markers.vocabulary, int(hits.notes[0]))
        yield summary.finding(
            self.code,
            "warning",
            f"{piece} is trained twice in a row: the data holds it and the template adds it",
            hits=hits,
            key="datasets.type",
            fix=f"remove {piece} from the data",
        )
