"""L-SPLIT-SPECIAL: special tokens written as ordinary text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from inspect_tool.samples.checks.evidence import shown_text
from inspect_tool.samples.checks.rule import Hits, SequenceRule, Setting, Summary
from inspect_tool.samples.checks.split_texts import known_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.lens import Lens


_OTHER_TEMPLATE: Final = (
    "use the tokenizer's own template (chat_template: tokenizer_default), or add the markers with "
    "tokens: and train embed_tokens and lm_head"
)
_LEFTOVERS: Final = "remove what another template left; if the text is about markers, all is well"


class SplitSpecial(SequenceRule):
    """The model sees several ordinary tokens where it should see one that means something."""

    code = "L-SPLIT-SPECIAL"
    title = "a special token stands as ordinary pieces"
    needs_vocabulary = True

    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Notice markers that are spelled out; the note is the marker's number."""
        places, numbers = lens.markers.split_texts.find(lens)
        return Hits.at(lens.sequence, places, numbers) if len(places) else None

    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Report tokens of this tokenizer apart from markers that it does not have."""
        assert summary.setting.markers is not None
        split = summary.setting.markers.split_texts
        own = hits.notes < split.own
        if own.any():
            chosen = hits.only(own)
            names = ", ".join(map(shown_text, known_texts(split, chosen.notes)))
            yield summary.finding(
                self.code,
                "warning",
                f"what should be tokens of their own stands as ordinary pieces: {names}",
                hits=chosen,
                key="tokens",
                fix="if the token was added after the data was prepared, prepare again (tokens: is "
                "not part of the prepared folder's hash)",
            )
        if not own.all():
            chosen = hits.only(~own)
            names = ", ".join(map(shown_text, known_texts(split, chosen.notes)))
            usual = 2 * len(np.unique(chosen.rows)) > summary.census.rows
            yield summary.finding(
                self.code,
                "warning" if usual else "info",
                f"markers that this tokenizer has no tokens for stand in the text: {names}",
                hits=chosen,
                key="chat_template" if usual else "datasets.path",
                fix=_OTHER_TEMPLATE if usual else _LEFTOVERS,
            )
