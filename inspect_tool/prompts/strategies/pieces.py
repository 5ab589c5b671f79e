"""Why of the types whose rows are pieces tokenised one by one: segments, steps, plain text.

Each reader tokenises the pieces again for their characters and checks that they make up the row
that axolotl returned; where they do not, nothing is said about characters.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts import rules
from inspect_tool.prompts.explained import Field
from inspect_tool.prompts.strategies.reader import Place, Reasons, Rendered, Row
from inspect_tool.prompts.strategies.sources import SourceMap, offsets_of
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.explained import Explained
    from inspect_tool.prompts.rules import Rule


@dataclass(frozen=True, slots=True)
class Piece:
    """A text tokenised alone, the rule of its tokens, and the field that it is, if it is one."""

    text: str
    rule: Rule
    field: Field | None = None
    last_rule: Rule | None = None
    """The rule of the piece's last token, where that is another."""


class SegmentsReader:
    """Reads `type: input_output`: segments that say themselves whether they are trained."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy

    def render(self, row: Row) -> list[Rendered]:
        """Return the one prepared row."""
        out = self.strategy.tokenize_prompt(deepcopy(row))
        return [Rendered((("input_ids", list(out["input_ids"])),), list(out["labels"]))]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return the row with its reasons."""
        rendered = self.render(row)[0]
        pieces = [
            Piece(text, self._rule(label=bool(label)), Field(("segments", index, "text"), index))
            for index, (label, text) in enumerate(
                self.strategy.prompter.build_prompt(row["segments"])
            )
        ]
        return [explain_pieces(self.strategy.tokenizer, pieces, rendered, place)]

    def _rule(self, *, label: bool) -> Rule:
        if label:
            return rules.SEGMENT_TRAINED
        return rules.INPUTS_TRAINED if self.strategy.train_on_inputs else rules.SEGMENT_MASKED


class StepsReader:
    """Reads `type: stepwise_supervised`: a prompt and steps, each step right or wrong."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy

    def render(self, row: Row) -> list[Rendered]:
        """Return the one prepared row."""
        out = self.strategy.tokenize_prompt(deepcopy(row))
        return [Rendered((("input_ids", list(out["input_ids"])),), list(out["labels"]))]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return the row with its reasons; labels are classes here."""
        rendered = self.render(row)[0]
        pieces = [Piece(row["prompt"], rules.STEP_PROMPT, Field(("prompt",)))]
        for index, step in enumerate(row["completions"]):
            pieces.append(Piece(step, rules.STEP_MASKED, Field(("completions", index), index)))
            separator = self.strategy.step_separator
            pieces.append(Piece(separator, rules.STEP_MASKED, last_rule=rules.STEP_END))
        first = self.strategy.tokenizer.bos_token_id
        return [
            explain_pieces(
                self.strategy.tokenizer,
                pieces,
                rendered,
                place,
                before=[] if first is None else [first],
                classes=True,
            )
        ]


class CompletionReader:
    """Reads `type: completion`: a text, cut into rows of ``sequence_len`` tokens."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy

    def render(self, row: Row) -> list[Rendered]:
        """Return the rows that one text is cut into."""
        out = self.strategy.tokenize_prompt({key: [value] for key, value in row.items()})
        chunks = zip(out.get("input_ids", []), out.get("labels", []), strict=True)
        return [Rendered((("input_ids", list(ids)),), list(labels)) for ids, labels in chunks]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return each row with its reasons."""
        rendered = self.render(deepcopy(row))
        tokenizer, limit = self.strategy.tokenizer, self.strategy.max_length
        name = self.strategy.field
        text = row[name]
        whole = [token for chunk in rendered for token in chunk.ids]
        offsets = offsets_of(tokenizer, text, whole, special=True, limit=limit)
        own = len(tokenizer(text, truncation=True, max_length=limit)["input_ids"])
        explained, start = [], 0
        for part, chunk in enumerate(rendered):
            reasons = Reasons(chunk.ids, chunk.labels, rules.COMPLETION_TRAINED)
            reasons.set(own - start, len(reasons), rules.APPENDED_EOS)
            reasons.verify()
            sources = SourceMap(len(reasons))
            stop = start + len(reasons)
            sources.place(offsets[start:stop], 0, len(text), Field((name,)))
            explained.append(reasons.explained(place, sources, part=part))
            start = stop
        return explained


class StoredReader:
    """Reads rows that came tokenised: they are stored as they are."""

    def render(self, row: Row) -> list[Rendered]:
        """Return the row itself."""
        return [Rendered((("input_ids", list(row["input_ids"])),), list(row["labels"]))]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return the row; what the file says is the reason."""
        rendered = self.render(row)[0]
        reasons = Reasons(rendered.ids, rendered.labels, rules.STORED_MASKED)
        for token in range(len(reasons)):
            if rendered.labels is not None and rendered.labels[token] != IGNORE_INDEX:
                reasons.set(token, token + 1, rules.STORED_TRAINED)
        reasons.verify(classes=True)
        return [reasons.explained(place, SourceMap(len(reasons)))]


def explain_pieces(
    tokenizer: Any,
    pieces: Sequence[Piece],
    rendered: Rendered,
    place: Place,
    *,
    before: Sequence[int] = (),
    classes: bool = False,
) -> Explained:
    """Name rules and characters of a row that is ``before`` and then the pieces' tokens."""
    reasons = Reasons(rendered.ids, rendered.labels, pieces[0].rule if pieces else rules.TEMPLATE)
    sources = SourceMap(len(reasons))
    start = len(before)
    for piece in pieces:
        ids = list(tokenizer(piece.text, add_special_tokens=False)["input_ids"])
        stop = start + len(ids)
        reasons.set(start, stop, piece.rule)
        if piece.last_rule is not None and ids:
            reasons.set(stop - 1, stop, piece.last_rule)
        if piece.field is not None and rendered.ids[start:stop] == ids[: len(reasons) - start]:
            offsets = np.full((len(reasons), 2), -1, dtype=np.int64)
            offsets[start:stop] = offsets_of(tokenizer, piece.text, ids)[: len(reasons) - start]
            sources.place(offsets, 0, len(piece.text), piece.field)
        start = stop
    reasons.verify(classes=classes)
    return reasons.explained(place, sources)
