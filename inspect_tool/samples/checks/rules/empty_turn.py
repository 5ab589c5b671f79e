"""L-EMPTY-TURN: an assistant turn without a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.samples.checks.conversation import Role
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class EmptyTurn(SequenceRule):
    """Axolotl finds no span for it, so that not even its end token is trained."""

    code = "L-EMPTY-TURN"
    title = "an assistant turn is empty"
    needs_vocabulary = True

    def applies(self, setting: Setting) -> bool:
        """Turns are looked for in every tokenized row."""
        return setting.tokenized and setting.labels != "classes"

    def undecided(self, setting: Setting) -> str | None:
        """Turns must be opened by tokens of their own."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        return None if setting.markers.openers else "no token of this tokenizer opens a turn"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice ended, blank assistant turns; rows without any other are L-ALL-MASKED."""
        if not len(lens.openers):
            return None
        talk = lens.conversation
        empty = (talk.role == Role.ASSISTANT) & talk.ended & talk.blank
        if setting.trains_tokens:
            empty &= lens.sequence.trained_counts[talk.row] > 0
        return Hits.at(lens.sequence, talk.end[empty]) if empty.any() else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        yield summary.finding(
            self.code,
            "warning",
            "an assistant turn is empty: there is nothing in it to learn",
            hits=hits,
            key="datasets.field_messages",
            fix="mend or drop the rows; if answers live in another field, map it with "
            "message_property_mappings",
        )
