"""Why of the instruction types: a prompt and a response, tokenised apart and put together.

Axolotl's ``_tokenize`` is recorded; its texts, in order, are the row (prompt_tokenizers.py).
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts import rules
from inspect_tool.prompts.strategies.reader import Place, Reasons, Rendered, Row
from inspect_tool.prompts.strategies.record import Recorder
from inspect_tool.prompts.strategies.sources import (
    Leaf,
    SourceMap,
    by_marks,
    by_search,
    offsets_of,
    texts_in,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from inspect_tool.prompts.explained import Explained
    from inspect_tool.prompts.strategies.record import Call


class InstructReader:
    """Reads rows through a strategy that makes one row of one `_tokenize` or several."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy

    def render(self, row: Row) -> list[Rendered]:
        """Return the one prepared row."""
        out = self.strategy.tokenize_prompt(deepcopy(row))
        return [Rendered((("input_ids", list(out["input_ids"])),), list(out["labels"]))]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return the row with its reasons."""
        with Recorder((self.strategy, "_tokenize")) as recorder:
            rendered = self.render(row)[0]
        calls = [call for call in recorder.calls if call.name == "_tokenize"]
        reasons = Reasons(rendered.ids, rendered.labels, rules.TEMPLATE)
        shown = self.replay(calls, reasons)
        reasons.verify()
        return [reasons.explained(place, self._sources(row, shown, len(reasons)))]

    def replay(self, calls: list[Call], reasons: Reasons) -> list[Call]:
        """Name the rules; return the calls whose results make up the row, in order."""
        prompt, response = calls
        split = len(prompt.result["input_ids"])
        prompt_rule = rules.PROMPT_MASKED
        if self.strategy.train_on_inputs:
            prompt_rule = rules.INPUTS_TRAINED
        reasons.set(0, split, prompt_rule)
        self.respond(response, reasons, split)
        return calls

    def respond(self, call: Call, reasons: Reasons, start: int, *, skipped: int = 0) -> None:
        """Name the rules of a response whose tokens begin at ``start``, all but the first few."""
        stop = start + len(call.result["input_ids"])
        appended = stop - self._appended(call)
        reasons.set(start + skipped, appended, rules.RESPONSE_TRAINED)
        reasons.set(appended, stop, rules.APPENDED_EOS)

    def _appended(self, call: Call) -> int:
        """How many EOS tokens axolotl put after the text of a call."""
        return len(call.result["input_ids"]) - len(self._own_ids(call))

    def _own_ids(self, call: Call) -> list[int]:
        """Return the ids of a call's text alone, the stripped BOS taken off."""
        text, limit = call.arguments["prompt"], self.strategy.max_length
        if not text:
            return []
        ids = list(self.strategy.tokenizer(text, truncation=True, max_length=limit)["input_ids"])
        strips = call.arguments["strip_bos_token"]
        if strips and ids and ids[0] == self.strategy.tokenizer.bos_token_id:
            ids = ids[1:]
        return ids

    def _sources(self, row: Row, calls: Sequence[Call], length: int) -> SourceMap:
        sources = SourceMap(length)
        texts = [call.arguments["prompt"] or "" for call in calls]
        placed = by_marks(row, texts, lambda marked: self._texts(marked, len(calls)))
        start = 0
        for index, call in enumerate(calls):
            ids = call.result["input_ids"]
            found = placed[index] if placed else by_search(_leaves(row), texts[index])
            offsets = np.full((length, 2), -1, dtype=np.int64)
            offsets[start : start + len(ids)] = self._offsets(call)[: length - start]
            sources.place_all(offsets, found)
            start += len(ids)
        return sources

    def _texts(self, row: Row, count: int) -> list[str]:
        with Recorder((self.strategy, "_tokenize")) as recorder:
            self.strategy.tokenize_prompt(row)
        return [str(call.arguments["prompt"] or "") for call in recorder.calls[:count]]

    def _offsets(self, call: Call) -> NDArray[np.int64]:
        """Return the characters of each id of a call's result, int64[n, 2]."""
        ids, text = call.result["input_ids"], call.arguments["prompt"]
        found = np.full((len(ids), 2), -1, dtype=np.int64)
        if not text:
            return found
        tokenizer, limit = self.strategy.tokenizer, self.strategy.max_length
        whole = list(tokenizer(text, truncation=True, max_length=limit)["input_ids"])
        own = self._own_ids(call)
        offsets = offsets_of(tokenizer, text, whole, special=True, limit=limit)
        found[: len(own)] = offsets[len(whole) - len(own) :]
        return found


class ReflectionReader(InstructReader):
    """Reads rows that are tokenised whole, with as many tokens masked as the prompt alone has."""

    def replay(self, calls: list[Call], reasons: Reasons) -> list[Call]:
        """Name the rules; the row is the first call's."""
        whole = calls[0]
        split = 0
        if len(calls) > 1:
            split = len(calls[1].result["input_ids"])
            reasons.set(0, split, rules.PROMPT_MASKED)
        appended = len(reasons) - self._appended(whole)
        reasons.set(split, appended, rules.RESPONSE_TRAINED)
        reasons.set(appended, len(reasons), rules.APPENDED_EOS)
        return [whole]


class PygmalionReader(InstructReader):
    """Reads conversations of `<|system|>`, `<|user|>` and `<|model|>` messages."""

    def replay(self, calls: list[Call], reasons: Reasons) -> list[Call]:
        """Name the rules, message by message; the model's own prefix is masked."""
        start = 0
        for call in calls:
            length = len(call.result["input_ids"])
            if call.arguments["prompt"].startswith("<|model|>"):
                prefix = len(self.strategy.bot_prefix_token_ids)
                reasons.set(start, start + prefix, rules.STRATEGY_MASKED)
                self.respond(call, reasons, start, skipped=prefix)
            else:
                reasons.set(start, start + length, rules.STRATEGY_MASKED)
            start += length
        return calls


def _leaves(row: Row) -> list[Leaf]:
    return [Leaf(path, text) for path, text in texts_in(row)]
