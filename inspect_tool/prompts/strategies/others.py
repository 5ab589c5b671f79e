"""Rows of the remaining kinds: reward pairs, preference texts, `messages`, and any other type.

For a type that the tool does not know, the reason is the type's own code; that is true, if coarse.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts import rules
from inspect_tool.prompts.strategies.reader import Place, Reasons, Rendered, Row
from inspect_tool.prompts.strategies.record import Recorder
from inspect_tool.prompts.strategies.sources import Leaf, SourceMap, by_search, offsets_of, texts_in
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inspect_tool.prompts.explained import Explained

SIDES = ("chosen", "rejected")


class RewardReader:
    """Reads `type: bradley_terry.chat_template`: two conversations, scored as a whole."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy

    def render(self, row: Row) -> list[Rendered]:
        """Return the pair as one prepared row of two sequences."""
        out = self.strategy.tokenize_prompt(deepcopy(row))
        return [Rendered(tuple((side, list(out[f"{side}_ids"])) for side in SIDES))]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return both sequences; no token has a label, but each has its characters."""
        with Recorder((self.strategy, "get_conversation_thread")) as recorder:
            rendered = self.render(row)[0]
        turns = [call.result for call in recorder.calls]
        return [
            self._side(side, ids, conversation, row, place)
            for (side, ids), conversation in zip(rendered.sequences, turns, strict=True)
        ]

    def _side(
        self, side: str, ids: list[int], turns: list[dict[str, Any]], row: Row, place: Place
    ) -> Explained:
        reasons = Reasons(ids, None, rules.SCORED)
        sources = SourceMap(len(ids))
        text = self.strategy.prompter.build_prompt_text(turns)
        if text is not None:
            offsets = offsets_of(self.strategy.tokenizer, text, ids)
            leaves = [Leaf((key,), row[key]) for key in ("system", "input", side) if row.get(key)]
            sources.place_all(offsets, by_search(leaves, text))
        return reasons.explained(place, sources, sequence=side)


@dataclass(frozen=True)
class TextReader:
    """Reads preference and prompt rows, which are stored as text.

    ``transform`` is axolotl's, its tokenizer bound; ``fit`` cuts a row to ``sequence_len`` where
    the config says so.
    """

    transform: Callable[[Row], Mapping[str, Any]] | None
    fit: Callable[[Row], Mapping[str, Any]]
    removed: tuple[str, ...] = ()

    def render(self, row: Row) -> list[Rendered]:
        """Return the stored columns, as `datasets.map` puts them together."""
        given = deepcopy(row)
        made = dict(self.transform(given)) if self.transform is not None else {}
        kept = {key: value for key, value in row.items() if key not in self.removed}
        return [Rendered(columns=dict(self.fit({**kept, **made})))]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return nothing: tokens and labels are made by the trainer."""
        return []


class OtherReader:
    """Reads rows through a strategy whose decisions the tool does not follow."""

    trained = rules.STRATEGY_TRAINED
    masked = rules.STRATEGY_MASKED

    def __init__(self, strategy: Any, tokenizer: Any = None) -> None:
        self.strategy = strategy
        self.tokenizer = tokenizer or strategy.tokenizer

    def render(self, row: Row) -> list[Rendered]:
        """Return the prepared rows, however many the strategy makes."""
        given = deepcopy(row)
        if not getattr(self.strategy, "supports_batched", False):
            out = self.strategy.tokenize_prompt(given)
            return [Rendered((("input_ids", list(out["input_ids"])),), list(out["labels"]))]
        out = self.strategy.tokenize_prompt({key: [value] for key, value in given.items()})
        rows = zip(out["input_ids"], out["labels"], strict=True)
        return [Rendered((("input_ids", list(ids)),), list(labels)) for ids, labels in rows]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return the rows with what their labels alone tell."""
        return [self._explain(part, item, row, place) for part, item in enumerate(self.render(row))]

    def _explain(self, part: int, rendered: Rendered, row: Row, place: Place) -> Explained:
        reasons = Reasons(rendered.ids, rendered.labels, self.masked)
        trained = np.asarray(rendered.labels) != IGNORE_INDEX
        for token in np.flatnonzero(trained).tolist():
            reasons.set(token, token + 1, self.trained)
        self.refine(reasons)
        reasons.verify(classes=True)
        return reasons.explained(place, self._sources(row, rendered), part=part)

    def _sources(self, row: Row, rendered: Rendered) -> SourceMap:
        """Look for the row's texts in what the tokens read, where that reads back to them."""
        sources = SourceMap(len(rendered.ids))
        text = self.tokenizer.decode(rendered.ids, skip_special_tokens=False)
        offsets = offsets_of(self.tokenizer, text, rendered.ids)
        if (offsets[:, 0] >= 0).all():
            leaves = [Leaf(path, value) for path, value in texts_in(row)]
            sources.place_all(offsets, by_search(leaves, text))
        return sources

    def refine(self, reasons: Reasons) -> None:
        """Say more where the labels alone tell more."""


class Llama2Reader(OtherReader):
    """Reads `type: llama2_chat`, which pads every row and masks those that do not add up."""

    def refine(self, reasons: Reasons) -> None:
        """Name the padding, and rows that are masked as a whole."""
        assert reasons.labels is not None
        pad = self.strategy.tokenizer.pad_token_id
        real = len(reasons)
        while real and reasons.ids[real - 1] == pad:
            real -= 1
        if (reasons.labels == IGNORE_INDEX).all():
            reasons.set(0, real, rules.ROW_MISMATCH)
        for token in range(real, len(reasons)):
            if reasons.is_open(token):
                reasons.set(token, token + 1, rules.PADDING)


class MessagesReader(OtherReader):
    """Reads `type: messages`: axolotl's own message objects, trained by their weights.

    ``transform`` and ``formatter`` are axolotl's (core/datasets/chat.py).
    """

    trained = rules.WEIGHT_TRAINED
    masked = rules.WEIGHT_MASKED

    def __init__(
        self, tokenizer: Any, transform: Callable[[Row], Mapping[str, Any]], formatter: Any
    ) -> None:
        super().__init__(None, tokenizer)
        self.transform = transform
        self.formatter = formatter

    def render(self, row: Row) -> list[Rendered]:
        """Return the one prepared row."""
        from axolotl.core.chat.messages import ChatFormattedChats

        chats = ChatFormattedChats(formatter=self.formatter, **self.transform(deepcopy(row)))
        out = chats.tokenized(self.tokenizer)
        return [Rendered((("input_ids", list(out["input_ids"])),), list(out["labels"]))]
