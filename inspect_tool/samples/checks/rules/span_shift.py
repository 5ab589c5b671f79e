"""L-SPAN-SHIFT: a trained run that reaches into the next turn's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


class SpanShift(SequenceRule):
    """No setting of axolotl trains a header, so this is a mask that slipped.

    Masks made by comparing renderings of growing prefixes slip when the template writes something
    (an empty thought) into a prefix that the whole conversation lacks.
    """

    code = "L-SPAN-SHIFT"
    title = "a turn's header is trained"
    needs_trained = True
    needs_vocabulary = True

    def undecided(self, setting: Setting) -> str | None:
        """Turns must be opened by tokens of their own."""
        missing = super().undecided(setting)
        if missing or setting.markers is None:
            return missing
        return None if setting.markers.openers else "no token of this tokenizer opens a turn"

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice trained openers in rows that are not trained from end to end."""
        view = lens.sequence
        if view.trained is None:
            return None
        openers = lens.openers
        wrong = openers[view.trained[openers]]
        wrong = wrong[~view.whole[view.row_of(wrong)]]
        return Hits.at(view, wrong) if len(wrong) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report all rows at once."""
        intent = summary.setting.intent
        own_masks = intent.known and intent.types <= {"input_output", ""}
        yield summary.finding(
            self.code,
            "warning" if own_masks else "error",
            "the header that opens a turn is trained: the mask has slipped",
            hits=hits,
            key="datasets.type" if own_masks else "datasets.chat_template",
            fix="label the header's segment false"
            if own_masks
            else "prepare again with axolotl 0.19 or later and a fast tokenizer; with a template "
            "that adds an empty thought, use split_thinking or another template",
        )
