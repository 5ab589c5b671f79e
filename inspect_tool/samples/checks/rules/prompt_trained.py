"""L-PROMPT-TRAINED: what the model is asked is trained as if it were its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.conversation import Role
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding, Severity
    from inspect_tool.samples.checks.lens import Lens

_WHOLE = len(Role)
"""Note of rows that are trained from end to end and have no turns."""


class PromptTrained(SequenceRule):
    """A mask setting that was ignored, or one that nobody meant."""

    code = "L-PROMPT-TRAINED"
    title = "prompts are trained"
    needs_trained = True

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice trained turns of anyone but the assistant, and rows trained end to end."""
        view = lens.sequence
        found = []
        talked = np.zeros(len(view), dtype=np.bool_)
        if lens.known is not None and len(lens.openers):
            talk = lens.conversation
            talked[talk.row] = True
            asked = np.isin(talk.role, (Role.SYSTEM, Role.USER, Role.TOOL)) & (talk.trained > 0)
            if asked.any():
                place = talk.content[asked]
                found.append(Hits.at(view, place, talk.role[asked]))
        whole = np.flatnonzero(view.whole & ~talked)
        if len(whole):
            found.append(Hits.at(view, view.starts[whole], _WHOLE))
        return Hits.joined(found) if found else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report each role by itself, then rows without turns."""
        for note in np.unique(hits.notes).tolist():
            chosen = hits.only(hits.notes == note)
            if note == _WHOLE:
                yield from self._whole(chosen, summary)
            else:
                yield self._turns(chosen, Role(note).name.lower(), summary)

    def _turns(self, hits: Hits, role: str, summary: Summary) -> Finding:
        intent = summary.setting.intent
        severity: Severity = "error" if intent.known else "warning"
        if intent.known and intent.wants(role):
            severity = "info"
        return summary.finding(
            self.code,
            severity,
            f"{role} turns are trained",
            hits=hits,
            key="datasets.roles_to_train",
            fix=f"if that is not meant: train_on_inputs: false, and no {role!r} in roles_to_train; "
            "pre-tokenized and input_output rows carry their own masks",
        )

    def _whole(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        intent = summary.setting.intent
        if intent.known and intent.may_train_everything:
            return
        yield summary.finding(
            self.code,
            "error" if intent.known else "info",
            "every token is trained, from the first to the last: right for completion data, "
            "but a prompt and its answer should not look so",
            hits=hits,
            key="train_on_inputs",
            fix="for instruction data set train_on_inputs: false and prepare again",
        )
