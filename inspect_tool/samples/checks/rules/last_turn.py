"""L-LAST-TURN: assistant turns of a conversation that are left out of the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inspect_tool.samples.checks.conversation import Role
from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens

_ONLY_LAST, _SOME = 0, 1


class Answers(NamedTuple):
    """Rows of a stretch with several answers: those not all trained, and how many there are."""

    untrained: Hits
    several: int


class LastTurn(Rule):
    """Half of a multi-turn dataset may be wasted this way, and nothing says so."""

    code = "L-LAST-TURN"
    title = "earlier assistant turns are not trained"
    needs_trained = True
    needs_vocabulary = True

    def undecided(self, setting: Setting) -> str | None:
        """Turns must be opened by tokens of their own."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        return None if setting.markers.openers else "no token of this tokenizer opens a turn"

    def look(self, rows: RowsLens, setting: Setting) -> list[Answers] | None:
        """Look at the answers of every row that has several."""
        found = [_answers(lens) for lens in rows.sequences if len(lens.openers)]
        return found or None

    def conclude(self, parts: list[list[Answers]], summary: Summary) -> Iterator[Finding]:
        """Report rows where the last answer alone is trained apart from other patterns."""
        answers = [answer for part in parts for answer in part]
        hits = Hits.joined(answer.untrained for answer in answers)
        several = sum(answer.several for answer in answers)
        meant = summary.setting.intent.by_message
        only_last = hits.notes == _ONLY_LAST
        if only_last.any():
            always = int(np.count_nonzero(only_last)) == several
            yield summary.finding(
                self.code,
                "warning" if always and not meant else "info",
                "of several assistant turns the last alone is trained",
                hits=hits.only(only_last),
                key="datasets.roles_to_train",
                fix='set roles_to_train: ["assistant"] and train_on_eos: turn to train every turn',
            )
        if len(hits) and not only_last.all():
            yield summary.finding(
                self.code,
                "info",
                "some assistant turns are not trained",
                hits=hits.only(~only_last),
                key="datasets.message_field_training",
                fix="if that is not meant, look at the messages' training flags",
            )


def _answers(lens: Lens) -> Answers:
    view, talk = lens.sequence, lens.conversation
    written = (talk.role == Role.ASSISTANT) & ~talk.blank
    row, trained, content = talk.row[written], talk.trained[written] > 0, talk.content[written]
    counts = np.bincount(row, minlength=len(view))
    trained_counts = np.bincount(row[trained], minlength=len(view))
    several = counts > 1
    lacking = several & (trained_counts > 0) & (trained_counts < counts)
    last = np.zeros(len(view), dtype=np.bool_)
    last[row] = trained  # Turns come in order, so that the last one's value stays.
    untrained = lacking[row] & ~trained
    only_last = (trained_counts == 1) & last
    notes = np.where(only_last[row[untrained]], _ONLY_LAST, _SOME)
    return Answers(Hits.at(view, content[untrained], notes), int(np.count_nonzero(several)))
