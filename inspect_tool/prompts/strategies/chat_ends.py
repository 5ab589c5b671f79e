"""The tokens that end turns: which of them axolotl trained, and why it left the others.

Axolotl looks for the first EOT and the first EOS token after a turn's content and takes them when
they are at most ``REACH`` tokens away (prompt_strategies/chat_template.py, ``abs(...) <= 3``).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts import rules

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from inspect_tool.prompts.rules import Rule
    from inspect_tool.prompts.strategies.reader import Reasons

REACH = 3


class Ends:
    """Names the rules of end tokens, as the turns are gone through and once they all were."""

    def __init__(self, strategy: Any, ids: list[int], reasons: Reasons) -> None:
        self.ids = ids
        self.reasons = reasons
        self.eos_id = strategy.tokenizer.eos_token_id
        self.end_ids = set(getattr(strategy, "_eot_token_ids", ())) | {self.eos_id}
        self.options = {"eot": strategy.train_on_eot, "eos": strategy.train_on_eos}
        self.special_ids = special_ids(strategy.tokenizer)
        self._last: dict[str, tuple[int, int]] = {}
        self._left: list[tuple[int, int]] = []
        self._far: list[tuple[int, int]] = []

    def found(self, turn: int, eot: int, eos: int, stop: int, *, should_train: bool) -> None:
        """Take what axolotl found after one turn, whose content ends before token ``stop``."""
        for kind, token in (("eot", eot), ("eos", eos)):
            if token == -1:
                continue
            if abs(token - stop) > REACH:
                if stop != -1:
                    self._far.append((token, turn))
                continue
            self._last[kind] = (token, turn)
            option = self.options[kind]
            if option == "all" or (option == "turn" and should_train):
                self.reasons.set(token, token + 1, self._rule(token, trained=True), turn=turn)
            else:
                self._left.append((token, turn))

    def last(self) -> None:
        """Train the last end token that was found, where the option is ``last``."""
        for kind, (token, turn) in self._last.items():
            if self.options[kind] == "last":
                self.reasons.set(token, token + 1, self._rule(token, trained=True), turn=turn)
        for token, turn in self._left:
            self._mask(token, self._rule(token, trained=False), turn)

    def rest(
        self, spans: Mapping[int, tuple[int, int]], trained: set[int], turns: list[dict[str, Any]]
    ) -> None:
        """Name the rules of end tokens that axolotl did not take."""
        for token, turn in self._far:
            if token < self._next_start(spans, turn):
                self._mask(token, rules.END_TOO_FAR, turn)
        for turn, message in enumerate(turns):
            if turn not in spans:
                lost = rules.TURN_NOT_FOUND if message.get("content") else rules.EMPTY_TURN
                self._in_gap(turn, spans, lost if turn in trained else None)
            elif turn not in trained:
                self._after_masked(turn, spans)
        self._unknown(spans, trained)

    def _rule(self, token: int, *, trained: bool) -> Rule:
        if self.ids[token] == self.eos_id:
            return rules.EOS_TRAINED if trained else rules.EOS_MASKED
        return rules.EOT_TRAINED if trained else rules.EOT_MASKED

    def _mask(self, token: int, rule: Rule, turn: int, *, inferred: bool = False) -> None:
        if self.reasons.is_open(token):
            self.reasons.set(token, token + 1, rule, turn=turn, inferred=inferred)

    def _next_start(self, spans: Mapping[int, tuple[int, int]], turn: int) -> int:
        return min((start for k, (start, _) in spans.items() if k > turn), default=len(self.ids))

    def _after_masked(self, turn: int, spans: Mapping[int, tuple[int, int]]) -> None:
        for token in range(spans[turn][1], self._next_start(spans, turn)):
            if self.ids[token] in self.end_ids:
                self._mask(token, self._rule(token, trained=False), turn)
                return

    def _in_gap(self, turn: int, spans: Mapping[int, tuple[int, int]], lost: Rule | None) -> None:
        """Give the end tokens between a turn's neighbours to the turn that was not found.

        ``lost`` is why, None for a turn that would have been masked anyway.
        """
        start = max((stop for k, (_, stop) in spans.items() if k < turn), default=0)
        first = None
        for token in range(start, self._next_start(spans, turn)):
            if self.ids[token] in self.end_ids and self.reasons.is_open(token):
                first = token if first is None else first
                if token - first > REACH:
                    return
                self._mask(token, lost or self._rule(token, trained=False), turn, inferred=True)

    def _unknown(self, spans: Mapping[int, tuple[int, int]], trained: Collection[int]) -> None:
        """Find the token that the template ends turns with, if axolotl knows it as no end."""
        if not spans:
            return
        closing = self._first_special(spans[max(spans)][1], len(self.ids))
        if closing == -1 or self.ids[closing] in self.end_ids:
            return
        for turn in sorted(set(trained) & set(spans)):
            token = self._first_special(spans[turn][1], self._next_start(spans, turn))
            if token != -1 and self.ids[token] == self.ids[closing]:
                self._mask(token, rules.END_UNKNOWN, turn, inferred=True)

    def _first_special(self, start: int, stop: int) -> int:
        tokens = range(start, min(start + REACH + 1, stop))
        return next((token for token in tokens if self.ids[token] in self.special_ids), -1)


def special_ids(tokenizer: Any) -> frozenset[int]:
    """Return the ids of special and added tokens."""
    found: set[int] = set()
    for name in ("all_special_ids", "added_tokens_decoder"):
        with suppress(AttributeError, NotImplementedError):  # mistral-common has not all of them
            ids = getattr(tokenizer, name)
            found.update(ids() if callable(ids) else ids)
    return frozenset(found)
