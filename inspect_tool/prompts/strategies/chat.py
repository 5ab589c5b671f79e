"""Why of `type: chat_template`: ChatTemplateStrategy's own decisions, recorded and replayed.

The replay follows ``_tokenize_single_prompt`` (prompt_strategies/chat_template.py): which turns
are trained, the span that ``find_turn`` gave each, the offsets within it, the end token after it.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts import rules
from inspect_tool.prompts.explained import Explained, Turn
from inspect_tool.prompts.strategies.chat_ends import Ends
from inspect_tool.prompts.strategies.chat_sources import chat_sources, raw_turns, turns_of_parts
from inspect_tool.prompts.strategies.reader import Place, Reasons, Rendered, Row
from inspect_tool.prompts.strategies.record import Call, Recorder
from inspect_tool.prompts.strategies.sources import SourceMap
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from inspect_tool.prompts.rules import Rule

STRATEGY_METHODS = (
    "get_conversation_thread",
    "_get_tools",
    "_build_turn_locator",
    "find_turn",
    "find_first_eot_token",
    "find_first_eos_token",
)
PROMPTER_METHODS = ("build_prompt", "get_offsets_for_train_detail")

NOT_FOUND = (-1, -1)


@dataclass
class TurnCalls:
    """What axolotl asked and was told about one turn."""

    span: tuple[int, int]
    details: list[list[int]] = field(default_factory=list)
    reasoning: tuple[int, int] = NOT_FOUND
    reasoning_details: list[list[int]] = field(default_factory=list)
    eot: int = -1
    eos: int = -1


@dataclass
class Conversation:
    """One rendered conversation with the calls that its labels came from."""

    ids: list[int]
    labels: list[int]
    turns: list[dict[str, Any]]
    tools: Any
    locator: tuple[str, list[int], list[int]] | None
    calls: dict[int, TurnCalls]
    prefix: int | None = None
    """Length of the rendering before the last turn, where only that one is trained."""


class ChatReader:
    """Reads rows through a ChatTemplateStrategy."""

    def __init__(self, strategy: Any) -> None:
        self.strategy = strategy

    def render(self, row: Row) -> list[Rendered]:
        """Return the one conversation; given as a batch of one, as `datasets.map` would."""
        out = self.strategy.tokenize_prompt({key: [value] for key, value in row.items()})
        return [Rendered((("input_ids", list(out["input_ids"][0])),), list(out["labels"][0]))]

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return the conversation with its reasons."""
        with recording(self.strategy) as recorder:
            rendered = self.render(deepcopy(row))[0]
        conversation = conversation_of(recorder.calls, rendered.ids, rendered.labels or [])
        return [explain_conversation(self.strategy, conversation, row, place)]


def recording(strategy: Any) -> Recorder:
    """Return a recorder of everything that a chat strategy's labels depend on."""
    return Recorder(
        *((strategy, name) for name in STRATEGY_METHODS),
        *((strategy.prompter, name) for name in PROMPTER_METHODS),
    )


def conversation_of(calls: list[Call], ids: list[int], labels: list[int]) -> Conversation:
    """Sort the recorded calls by the turn that they were about."""
    by_name = {call.name: call for call in calls}
    prompts = [call for call in calls if call.name == "build_prompt"]
    conversation = Conversation(
        ids=ids,
        labels=labels,
        turns=by_name["get_conversation_thread"].result,
        tools=by_name["_get_tools"].result if "_get_tools" in by_name else None,
        locator=by_name["_build_turn_locator"].result if "_build_turn_locator" in by_name else None,
        calls={},
    )
    if "_build_turn_locator" not in by_name:
        conversation.prefix = len(_ids_of(prompts[0].result))
        return conversation
    turn: TurnCalls | None = None
    for call in calls:
        if call.name == "find_turn" and not call.arguments["reasoning_only"]:
            turn = conversation.calls[call.arguments["turn_idx"]] = TurnCalls(tuple(call.result))
        elif turn is not None:
            _note(turn, call)
    return conversation


def _note(turn: TurnCalls, call: Call) -> None:
    if call.name == "find_turn":
        turn.reasoning = tuple(call.result)
    elif call.name == "get_offsets_for_train_detail":
        of_reasoning = turn.reasoning != NOT_FOUND
        (turn.reasoning_details if of_reasoning else turn.details).append(call.result)
    elif call.name == "find_first_eot_token":
        turn.eot = call.result
    elif call.name == "find_first_eos_token":
        turn.eos = call.result


def explain_conversation(
    strategy: Any,
    conversation: Conversation,
    row: Row,
    place: Place,
) -> Explained:
    """Replay the decisions and name a rule and the characters of every token."""
    reasons = Reasons(conversation.ids, conversation.labels, rules.TEMPLATE)
    raw = raw_turns(strategy, row, len(conversation.turns))
    spans: dict[int, tuple[int, int]] = {}
    replay: _Replay | None = None
    turns: tuple[Turn, ...]
    if conversation.prefix is not None:
        turns = _replay_last_turn(strategy, conversation, reasons, raw)
    else:
        replay = _Replay(strategy, conversation, reasons, parts=turns_of_parts(strategy, row, raw))
        spans = replay.run()
        turns = _turns(conversation, raw, trained=frozenset(replay.trained))
    if reasons.is_open(0) and reasons.ids[0] == strategy.tokenizer.bos_token_id:
        reasons.set(0, 1, rules.BOS)
    sources = SourceMap(len(reasons))
    chat_sources(strategy, conversation, row, sources, raw=raw, spans=spans)
    if replay is not None:
        replay.name_lost(turns, sources)
    reasons.verify()
    return reasons.explained(place, sources, turns=turns)


def _replay_last_turn(
    strategy: Any, conversation: Conversation, reasons: Reasons, raw: list[int | None]
) -> tuple[Turn, ...]:
    prefix, last = conversation.prefix or 0, len(conversation.turns) - 1
    before, after = (rules.HISTORY_MASKED, rules.LAST_TURN_TRAINED)
    if strategy.train_on_inputs:
        before = rules.INPUTS_TRAINED
    reasons.set(0, prefix, before)
    reasons.set(prefix, len(reasons), after, turn=last)
    everything = frozenset(range(last + 1))
    return _turns(conversation, raw, trained=everything if strategy.train_on_inputs else {last})


def _turns(
    conversation: Conversation, raw: list[int | None], *, trained: frozenset[int] | set[int]
) -> tuple[Turn, ...]:
    return tuple(
        Turn(index, str(turn.get("role", "")), raw[index], index in trained)
        for index, turn in enumerate(conversation.turns)
    )


class _Replay:
    """Goes through the turns as axolotl did, over what was recorded."""

    def __init__(
        self, strategy: Any, conversation: Conversation, reasons: Reasons, *, parts: set[int]
    ) -> None:
        self.strategy = strategy
        self.conversation = conversation
        self.reasons = reasons
        self.parts = parts
        self.trained: set[int] = set()
        self.spans: dict[int, tuple[int, int]] = {}
        self.whole: dict[int, tuple[int, int]] = {}
        """Spans with the thinking, where axolotl looked for the content alone."""

    def run(self) -> dict[int, tuple[int, int]]:
        """Name the rules; return the token span of each turn that was found."""
        ends = Ends(self.strategy, self.conversation.ids, self.reasons)
        for index, turn in enumerate(self.conversation.turns):
            rule, should_train = self._rule(turn)
            if should_train:
                self.trained.add(index)
            calls = self.conversation.calls.get(index)
            span = calls.span if calls else self._span(index)
            if span != NOT_FOUND:
                self.spans[index] = span
            if calls is not None and should_train:
                self._train(index, turn, calls, rule)
            if calls is not None:
                ends.found(index, calls.eot, calls.eos, span[1], should_train=should_train)
        ends.last()
        for index, turn in enumerate(self.conversation.turns):
            self._mask(index, turn)
        ends.rest(self.spans, self.trained, self.conversation.turns)
        return {**self.spans, **self.whole}

    def name_lost(self, turns: tuple[Turn, ...], sources: SourceMap) -> None:
        """Name the rule of text that belongs to a turn which axolotl did not find."""
        for turn in turns:
            rule, _ = self._rule(self.conversation.turns[turn.index])
            lost = rules.TURN_NOT_FOUND if turn.trained else rule
            tokens = [] if turn.index in self.spans else sources.tokens_of_turn(turn.raw)
            for token in filter(self.reasons.is_open, tokens):
                self.reasons.set(token, token + 1, lost, turn=turn.index, inferred=True)

    def _rule(self, turn: dict[str, Any]) -> tuple[Rule, bool]:
        """Return what decides a turn, in axolotl's order, and whether it is trained."""
        flag, detail = turn.get("training"), turn.get("training_detail")
        reasoning_detail = turn.get("reasoning_training_detail")
        if flag is not None:
            return (rules.MESSAGE_TRAINED if flag else rules.MESSAGE_MASKED), bool(flag)
        if detail is not None or reasoning_detail is not None:
            should_train = bool(detail) or bool(reasoning_detail)
            return (rules.DETAIL_TRAINED if should_train else rules.DETAIL_MASKED), should_train
        if turn.get("role") in self.strategy.roles_to_train:
            return rules.ROLE_TRAINED, True
        if self.strategy.train_on_inputs:
            return rules.INPUTS_TRAINED, True
        return rules.ROLE_MASKED, False

    def _train(self, index: int, turn: dict[str, Any], calls: TurnCalls, rule: Rule) -> None:
        start, stop = calls.span
        trained, _ = self._detail_rules(index)
        for offsets in calls.details:
            self._train_offsets(index, start, offsets, trained)
        for offsets in calls.reasoning_details:
            self._train_offsets(index, calls.reasoning[0], offsets, trained)
        if not _has_detail(turn) and calls.span != NOT_FOUND:
            self.reasons.set(start, stop, rule, turn=index)

    def _train_offsets(self, index: int, start: int, offsets: list[int], rule: Rule) -> None:
        for distance, offset in enumerate(offsets):
            if offset != IGNORE_INDEX:
                self.reasons.set(start + distance, start + distance + 1, rule, turn=index)

    def _detail_rules(self, index: int) -> tuple[Rule, Rule]:
        if index in self.parts:
            return rules.PART_TRAINED, rules.PART_MASKED
        return rules.DETAIL_TRAINED, rules.DETAIL_MASKED

    def _mask(self, index: int, turn: dict[str, Any]) -> None:
        """Name the rule of what is left of a turn's own tokens."""
        rule, should_train = self._rule(turn)
        span = self.spans.get(index, NOT_FOUND)
        if should_train:
            if not _has_detail(turn):
                return
            _, rule = self._detail_rules(index)
            span = self.whole[index] = self._span(index)
        for token in range(*span) if span != NOT_FOUND else ():
            if self.reasons.is_open(token):
                self.reasons.set(token, token + 1, rule, turn=index)

    def _span(self, index: int) -> tuple[int, int]:
        """Ask axolotl for the span of a turn that it had no need to find, and may not find."""
        try:
            start, stop = self.strategy.find_turn(
                turns=self.conversation.turns,
                turn_idx=index,
                tools=self.conversation.tools,
                locator=self.conversation.locator,
            )
        except Exception:  # templates may refuse a conversation that ends there
            return NOT_FOUND
        return int(start), int(stop)


def _has_detail(turn: dict[str, Any]) -> bool:
    return bool(turn.get("training_detail") or turn.get("reasoning_training_detail"))


def _ids_of(result: Any) -> list[int]:
    return list(result["input_ids"] if isinstance(result, dict) else result)
