"""The training side of `type: chat_template`: turns as axolotl renders and finds them."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.diff.training_side import TrainingPrompt
from inspect_tool.prompts.digests import without_nulls
from inspect_tool.prompts.inference.conversation import (
    Conversation,
    Message,
    canonical_role,
    client_message,
)
from inspect_tool.prompts.inference.limits import limited
from inspect_tool.prompts.inference.target import Change, ChangeKind
from inspect_tool.prompts.strategies.chat import NOT_FOUND, ChatReader, conversation_of, recording
from inspect_tool.prompts.strategies.chat_sources import messages_of, raw_turns
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.strategies.chat import Conversation as RenderedConversation
    from inspect_tool.prompts.strategies.reader import Rendered, Row

END_REACH = 8
"""How far after the content trained end tokens are looked for."""
HEAD = 40
"""Characters of an answer by which its beginning is found."""
LONGEST_END = 40
WRITTEN_END = re.compile(r"<[^<>\s]+>")
"""A tag after the content: the end of a template that was made for another tokenizer."""
THOUGHT = re.compile(r"<think>\s*(.*?)\s*</think>", re.DOTALL)
TOOL_KEYS = ("tools", "functions", "available_tools")
TRAINING_KEYS = ("training", "training_detail", "reasoning_training_detail")


class ChatSide:
    """Renders rows through a ChatReader and finds the trained answers by axolotl's own spans."""

    def __init__(self, reader: ChatReader, encoder: Encoder) -> None:
        self.reader = reader
        self.strategy = reader.strategy
        self.encoder = encoder

    def prompts(self, row: Row) -> tuple[Rendered, list[TrainingPrompt]]:
        """Return the rendered row and one prompt per answer, trained ones where there are any."""
        with limited("the training template"), recording(self.strategy) as recorder:
            rendered = self.reader.render(deepcopy(row))[0]
        done = conversation_of(recorder.calls, rendered.ids, rendered.labels or [])
        view = _RowView(self, done, row)
        return rendered, [
            view.prompt(number, turn, span) for number, (turn, span) in enumerate(view.answers())
        ]

    def again(self, prompt: TrainingPrompt, change: Change) -> list[int] | None:
        """Render the conversation with one thing changed, up to the same answer."""
        view, turn = prompt.state
        found: list[int] | None = view.again(turn, prompt, change)
        return found


class _RowView:
    """One rendered row: its turns, the raw messages that they came from, its text."""

    def __init__(self, side: ChatSide, done: RenderedConversation, row: Row) -> None:
        self.side = side
        self.done = done
        self.row = row
        self.prompter = side.strategy.prompter
        self.messages = messages_of(side.strategy, row)
        self.raw = raw_turns(side.strategy, row, len(done.turns))
        self.tools = done.tools or _tools(row, self.prompter.field_tools)

    def answers(self) -> list[tuple[int, tuple[int, int]]]:
        """Return the assistant turns with their token spans; untrained ones only for want."""
        last = len(self.done.turns) - 1
        if self.done.prefix is not None:
            return [(last, (self.done.prefix, len(self.done.ids)))]
        spans = {
            turn: calls.span
            for turn, calls in self.done.calls.items()
            if calls.span != NOT_FOUND and self._role(turn) == "assistant" and self._trained(calls)
        }
        if not spans:
            for turn in range(len(self.done.turns)):
                span = self._span(turn) if self._role(turn) == "assistant" else NOT_FOUND
                if span != NOT_FOUND:
                    spans[turn] = span
        return sorted(spans.items())

    def prompt(self, number: int, turn: int, span: tuple[int, int]) -> TrainingPrompt:
        """Return what comes before an answer."""
        done, (start, stop) = self.done, span
        if done.locator is not None:
            text, starts, _ = done.locator
            cut = self._cut(turn, text, starts[start]) if start < len(starts) else len(text)
            whole, before = text, text[:cut]
        else:
            whole = before = self.side.encoder.text(done.ids[:start])
        return TrainingPrompt(
            answer=number,
            ids=done.ids[:start],
            text=before,
            whole=whole,
            exact=done.locator is not None,
            end_ids=self._end_ids(start, stop),
            masked_end=self._masked_end(stop),
            row=self.row,
            conversation=self._conversation(turn),
            template=self.prompter.chat_template or None,
            template_kwargs=self.prompter.chat_template_kwargs,
            raw_names=self._raw_names(turn),
            unwritten=tuple(self._unwritten(turn, whole)),
            state=(self, turn),
        )

    def again(self, turn: int, prompt: TrainingPrompt, change: Change) -> list[int] | None:
        """Render with one thing changed; the text from the answer on must stay as it is."""
        if not prompt.exact:
            return None
        if change.kind is ChangeKind.LAST_ANSWER:
            return self._as_last(turn)
        turns, tools, kwargs = self._changed(turn, change)
        if turns is None:
            return None
        text = self._render(turns, tools, kwargs)
        tail = prompt.whole[len(prompt.text) :]
        if text is None or not text.endswith(tail):
            return None
        return self.side.encoder.ids(text[: len(text) - len(tail)])

    def _as_last(self, turn: int) -> list[int] | None:
        """Return the ids before an answer that ends the conversation."""
        if turn + 1 == len(self.done.turns):
            return None
        turns = [dict(item) for item in self.done.turns[: turn + 1]]
        text = self._render(turns, self.done.tools, dict(self.prompter.chat_template_kwargs))
        if text is None:
            return None
        places = [text.rfind(value.strip()[:HEAD]) for value in self._texts(turn)]
        found = [place for place in places if place >= 0]
        return self.side.encoder.ids(text[: min(found)]) if found else None

    def _changed(
        self, turn: int, change: Change
    ) -> tuple[list[Message] | None, Any, dict[str, Any]]:
        turns = [dict(item) for item in self.done.turns]
        tools, kwargs = self.done.tools, dict(self.prompter.chat_template_kwargs)
        kind = change.kind
        other: list[Message] | None = None
        if kind is ChangeKind.NO_TOOLS and tools:
            other, tools = turns, None
        elif kind is ChangeKind.NO_TOOLS_NO_SYSTEM and tools:
            other, tools = _without_system(turns), None
        elif kind is ChangeKind.TEMPLATE_KWARGS:
            other, kwargs = turns, {**kwargs, **change.kwargs}
        elif kind is ChangeKind.NO_TOOL_CALLS:
            before = [_without(item, "tool_calls") for item in turns[:turn]]
            other = [*before, *turns[turn:]]
        elif kind is ChangeKind.NO_SYSTEM:
            other = _without_system(turns)
        elif kind is ChangeKind.ROLES:
            before = [{**item, **self._client(at)} for at, item in enumerate(turns[:turn])]
            after = [{**item, "role": self._role(at)} for at, item in enumerate(turns)][turn:]
            other = [*before, *after]
        same = other == turns and tools == self.done.tools and not change.kwargs
        return None if same else other, tools, kwargs

    def _render(self, turns: list[Message], tools: Any, kwargs: dict[str, Any]) -> str | None:
        before = self.prompter.chat_template_kwargs
        self.prompter.chat_template_kwargs = kwargs
        try:
            with limited("the training template"):
                text: str | None = self.prompter.build_prompt_text(turns, tools=tools)
        except Exception:  # a changed conversation may be none that the template takes
            return None
        finally:
            self.prompter.chat_template_kwargs = before
        return text

    def _conversation(self, turn: int) -> Conversation:
        messages = [self._client(at) for at in range(turn)]
        if self.messages and None not in self.raw and self.raw and self.raw[0] != 0:
            messages.insert(0, client_message({}, self.messages[0]))
        kept = [item for item in messages if item["content"] or item["role"] != "system"]
        return Conversation(tuple(kept), tools=self.tools, row=self.row)

    def _client(self, at: int) -> Message:
        raw = self.raw[at]
        turn = {
            key: value for key, value in self.done.turns[at].items() if key not in TRAINING_KEYS
        }
        return client_message(turn, self.messages[raw] if raw is not None else None)

    def _role(self, at: int) -> str:
        return str(self._client(at)["role"])

    def _raw_names(self, turn: int) -> tuple[str, ...]:
        """Return the roles and fields that the config passes on as no template knows them."""
        odd: dict[str, None] = {}
        for at, item in enumerate(self.done.turns[: turn + 1]):
            role = item.get("role")
            if role is None or str(role) != self._role(at):
                odd[str(role)] = None
        return tuple(odd)

    def _trained(self, calls: Any) -> bool:
        labels = self.done.labels[slice(*calls.span)]
        return any(label != IGNORE_INDEX for label in labels)

    def _span(self, turn: int) -> tuple[int, int]:
        found = self.side.strategy.find_turn(
            turns=self.done.turns, turn_idx=turn, tools=self.done.tools, locator=self.done.locator
        )
        return int(found[0]), int(found[1])

    def _cut(self, turn: int, text: str, at: int) -> int:
        """Return the character at which the answer begins, in or after its first token."""
        token_starts = self.done.locator[1] if self.done.locator is not None else []
        following = bisect_right(token_starts, at)
        limit = token_starts[following] if following < len(token_starts) else len(text)
        found = [
            place
            for value in self._texts(turn)
            for head in (value[:HEAD], value.lstrip()[:HEAD])
            if at <= (place := text.find(head, at, limit + HEAD)) < limit
        ]
        return min(found, default=at)

    def _masked_end(self, stop: int) -> str:
        """Return the first special token after the content, or what is written like one."""
        done, encoder = self.done, self.side.encoder
        ids = done.ids[stop : stop + END_REACH]
        special = next((item for item in ids if item in encoder.special_ids), None)
        if special is not None:
            return encoder.token(special)
        if done.locator is None or not 0 < stop <= len(done.ids):
            return ""
        text, starts, ends = done.locator
        first, last = starts[stop - 1], ends[stop - 1]
        tags = WRITTEN_END.finditer(text, first, last + LONGEST_END)
        return next((tag[0] for tag in tags if tag.end() > last), "")

    def _unwritten(self, turn: int, text: str) -> Iterator[str]:
        """Name what the row has and the text has not; no client could tell."""
        item = self.done.turns[turn]
        inside = THOUGHT.search(str(item.get("content") or ""))
        thought = item.get(self.prompter.template_thinking_key) or (inside[1] if inside else "")
        if not _stands_in(text, thought):
            yield "reasoning"
        names = [_name_of(tool) for tool in self.tools or []]
        if any(names) and not any(name and name in text for name in names):
            yield "tool definitions"
        told = [at.get("content") for at in self.done.turns if at.get("role") == "system"]
        if not all(_stands_in(text, content) for content in told):
            yield "system message"

    def _texts(self, turn: int) -> list[str]:
        """Return the reasoning and the content of a turn, as far as it has them."""
        item = self.done.turns[turn]
        values = (item.get(self.prompter.template_thinking_key), item.get("content"))
        return [value for value in values if isinstance(value, str) and value.strip()]

    def _end_ids(self, start: int, stop: int) -> tuple[int, ...]:
        done, special = self.done, self.side.encoder.special_ids
        if done.prefix is not None:
            stop = max(start, stop - END_REACH)
        found: list[int] = []
        for at in range(stop, min(stop + END_REACH, len(done.ids))):
            if done.labels[at] != IGNORE_INDEX and done.ids[at] in special:
                found.append(done.ids[at])
            elif found:
                break
        return tuple(found)


def _stands_in(text: str, value: object) -> bool:
    return not isinstance(value, str) or value.strip()[:HEAD] in text


def _name_of(tool: object) -> str:
    inner = tool.get("function", tool) if isinstance(tool, dict) else None
    return str(inner.get("name") or "") if isinstance(inner, dict) else ""


def _without_system(turns: list[Message]) -> list[Message]:
    return [item for item in turns if canonical_role(item.get("role")) != "system"]


def _without(message: Message, key: str) -> Message:
    return {name: value for name, value in message.items() if name != key}


def _tools(row: Row, key: str) -> Any:
    """Return the tools of a row that a client would send, wherever the config says they are."""
    for name in (key, *TOOL_KEYS):
        found = row.get(name)
        if isinstance(found, str):
            with suppress(ValueError):
                found = json.loads(found)
        if isinstance(found, list) and found:
            return without_nulls(found)
    return None
