"""L-BOS: rows that start with two BOS tokens, or with none where others have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inspect_tool.samples.checks.evidence import shown_piece
from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class Starts(NamedTuple):
    """What the rows of a stretch start with."""

    doubled: Hits
    missing: Hits
    present: int


class Bos(Rule):
    """Two come from text that has one already and is tokenized with special tokens added."""

    code = "L-BOS"
    title = "BOS is doubled or missing"
    needs_vocabulary = True

    def undecided(self, setting: Setting) -> str | None:
        """There must be a BOS token that means nothing else."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        return (
            None if setting.markers.own_bos is not None else "the tokenizer has no BOS of its own"
        )

    def look(self, rows: RowsLens, setting: Setting) -> list[Starts]:
        """Look at the start of every row, and for BOS after BOS anywhere."""
        return [_starts(lens, cuts_texts=setting.intent.cuts_texts) for lens in rows.sequences]

    def conclude(self, parts: list[list[Starts]], summary: Summary) -> Iterator[Finding]:
        """Missing is judged against the other rows, and against the tokenizer where none has it."""
        starts = [start for part in parts for start in part]
        doubled = Hits.joined(start.doubled for start in starts)
        missing = Hits.joined(start.missing for start in starts)
        markers = summary.setting.markers
        assert markers is not None
        assert markers.bos is not None
        piece = shown_piece(markers.vocabulary, markers.bos)
        if len(doubled):
            yield summary.finding(
                self.code,
                "warning",
                f"{piece} stands twice",
                hits=doubled,
                key="datasets.chat_template",
                fix=f"the text or the template writes {piece} and the tokenizer adds another: "
                "remove one of them",
            )
        if len(missing) and any(start.present for start in starts):
            yield summary.finding(
                self.code,
                "warning",
                f"rows start without {piece}, others start with it",
                hits=missing,
                key="datasets.chat_template",
                fix=f"let all datasets start alike: write {piece} in the template or the data",
            )
        elif len(missing) and markers.bos in markers.vocabulary.prefix:
            yield summary.finding(
                self.code,
                "info",
                f"no row starts with {piece}, which this tokenizer puts before every text",
                hits=missing,
                key="datasets.chat_template",
                fix=f"if the model was pretrained with {piece}, let the template or data write it",
            )


def _starts(lens: Lens, *, cuts_texts: bool) -> Starts:
    view, markers = lens.sequence, lens.markers
    assert markers.bos is not None
    places = lens.where_id(markers.bos)
    again = places[1:][np.diff(places) == 1]
    again = again[view.row_of(again) == view.row_of(again - 1)]
    filled = view.lengths > 0
    first = view.at(np.where(filled, view.starts, -1))
    starts_with = first == markers.bos
    expected = filled & (first != markers.own_pad)
    if cuts_texts:
        expected &= ~view.whole
    absent = np.flatnonzero(expected & ~starts_with)
    return Starts(
        doubled=Hits.at(view, again),
        missing=Hits.at(view, view.starts[absent]),
        present=int(np.count_nonzero(starts_with)),
    )
