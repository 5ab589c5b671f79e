"""L-ALL-MASKED: rows that cost a forward pass and teach nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inspect_tool.samples.checks.conversation import Role
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens

_ENDED, _CUT, _EMPTY, _NO_ANSWER, _PADDED = range(5)

_CAUSES: Final = {
    _CUT: (
        "the prompt alone fills the row, the answer was cut away",
        "sequence_len",
        "raise sequence_len, or drop such rows (excess_length_strategy: drop)",
    ),
    _EMPTY: (
        "the assistant's turn is empty",
        "datasets.field_messages",
        "mend or drop the rows; if answers live in another field, map it",
    ),
    _ENDED: (
        "the answer is empty, or nobody in it has a role that is trained",
        "datasets.roles_to_train",
        "mend or drop the rows; name the data's roles in roles_to_train, or map them with roles",
    ),
    _NO_ANSWER: (
        "the answer is empty",
        "datasets.type",
        "mend or drop the rows; if answers live in another field, map it",
    ),
    _PADDED: (
        "llama2_chat masks it where the padding token is also the end token",
        "special_tokens.pad_token",
        "name a padding token of its own: special_tokens: {pad_token: <unk>}",
    ),
}
"""Why, the key to change, and the way out."""


class AllMasked(SequenceRule):
    """Axolotl drops such rows only when it packs; in a batch of their own the loss is nan."""

    code = "L-ALL-MASKED"
    title = "no token of the row is trained"

    def applies(self, setting: Setting) -> bool:
        """Labels must be stored."""
        return setting.labels != "nothing"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice rows with tokens and no label; their note tells what is known of the cause."""
        view = lens.sequence
        rows = np.flatnonzero((view.trained_counts == 0) & (view.lengths > 0))
        if not len(rows):
            return None
        cut = np.full(len(rows), _CUT)
        if lens.known is not None:
            last = lens.last_content[rows]
            cut[lens.markers.holds(lens.markers.is_stop, view.at(last))] = _ENDED
            cut[np.isin(rows, _answerless(lens))] = _EMPTY
        return Hits.in_rows(view, rows, cut)

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report each cause by itself."""
        lengths = summary.census.lengths[hits.rows]
        empty = hits.notes == _EMPTY
        cut = (hits.notes == _CUT) & (lengths >= summary.cut_length)
        if summary.everywhere(hits):
            cut[:] = False
        for chosen, cause in ((cut, _CUT), (empty, _EMPTY), (~cut & ~empty, _ENDED)):
            if chosen.any():
                rows = "any row" if chosen.sum() == summary.census.rows else "the row"
                why, key, fix = _CAUSES[_told(cause, summary)]
                yield summary.finding(
                    self.code,
                    "error",
                    f"no token of {rows} is trained: {why}",
                    hits=hits.only(chosen),
                    key=key,
                    fix=fix,
                )


def _told(cause: int, summary: Summary) -> int:
    """Return the cause that the config's dataset types leave, where the rows do not tell."""
    intent, markers = summary.setting.intent, summary.setting.markers
    if cause != _ENDED:
        return cause
    if "llama2_chat" in intent.types and markers and markers.pad in {None, markers.eos}:
        return _PADDED
    return _NO_ANSWER if intent.instructs else cause


def _answerless(lens: Lens) -> NDArray[np.int64]:
    """Return the rows whose assistant turns are all empty, int64."""
    if not len(lens.openers):
        return np.empty(0, dtype=np.int64)
    talk = lens.conversation
    assistant = talk.role == Role.ASSISTANT
    return np.setdiff1d(talk.row[assistant & talk.blank], talk.row[assistant & ~talk.blank])
