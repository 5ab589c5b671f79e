"""Which characters of a conversation's raw row each token came from.

A turn's text is looked for where axolotl found the turn; what a template makes of tool calls and
tool definitions is looked for by its texts, and says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts.explained import Field
from inspect_tool.prompts.strategies.sources import (
    Leaf,
    Placed,
    SourceMap,
    by_search,
    offsets_of,
    texts_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from inspect_tool.prompts.explained import Path
    from inspect_tool.prompts.strategies.chat import Conversation

PART_TEXTS = ("text", "content", "value")
"""The keys of a content part's text, in axolotl's order."""


def raw_turns(strategy: Any, row: Mapping[str, Any], count: int) -> list[int | None]:
    """Return for each of ``count`` rendered turns its index in the raw list, None if added.

    Axolotl puts a system turn before the messages, or drops the first, and nothing else.
    """
    shift = count - len(messages_of(strategy, row))
    return [None if index < shift else index - shift for index in range(count)]


def messages_of(strategy: Any, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the raw messages, also where they are stored as JSON in a text."""
    written = row.get(strategy.prompter.field_messages)
    messages = json.loads(written) if isinstance(written, str) else written
    return [item for item in messages or [] if isinstance(item, dict)]


def turns_of_parts(strategy: Any, row: Mapping[str, Any], raw: list[int | None]) -> set[int]:
    """Return the turns whose training detail axolotl made from the parts of a list."""
    messages = messages_of(strategy, row)
    keys = strategy.prompter.message_property_mappings.values()
    found = set()
    for index, raw_index in enumerate(raw):
        written = [messages[raw_index].get(key) for key in keys] if raw_index is not None else []
        parts = [part for value in written if isinstance(value, list) for part in value]
        if any(part.get("train") is not None or part.get("weight") is not None for part in parts):
            found.add(index)
    return found


def chat_sources(
    strategy: Any,
    conversation: Conversation,
    row: Mapping[str, Any],
    sources: SourceMap,
    *,
    raw: list[int | None],
    spans: Mapping[int, tuple[int, int]],
) -> None:
    """Place every text of the row that the conversation shows."""
    text, offsets = _rendered(strategy, conversation)
    if text is None:
        return
    finder = _Finder(strategy, text, offsets, conversation, row)
    for index, raw_index in enumerate(raw):
        sources.place_all(offsets, list(finder.turn(index, raw_index, spans.get(index))))
    if conversation.tools:
        key = strategy.prompter.field_tools
        tools = [Leaf(path, value) for path, value in texts_in(row.get(key), (key,))]
        sources.place_all(offsets, by_search(tools, text))


def _rendered(strategy: Any, conversation: Conversation) -> tuple[str | None, NDArray[np.int64]]:
    """Return the rendered text and the characters of each token in it."""
    if conversation.locator is not None:
        text, starts, ends = conversation.locator
        return text, np.stack([starts, ends], axis=1).astype(np.int64)
    nothing = np.full((len(conversation.ids), 2), -1, dtype=np.int64)
    if not getattr(strategy.tokenizer, "is_fast", False):
        return None, nothing
    text = strategy.prompter.build_prompt_text(conversation.turns, tools=conversation.tools)
    if text is None:
        return None, nothing
    return text, offsets_of(strategy.tokenizer, text, conversation.ids)


class _Finder:
    """Finds the texts of one turn after the other."""

    def __init__(
        self,
        strategy: Any,
        text: str,
        offsets: NDArray[np.int64],
        conversation: Conversation,
        row: Mapping[str, Any],
    ) -> None:
        self.text = text
        self.offsets = offsets
        self.turns = conversation.turns
        self.messages = messages_of(strategy, row)
        prompter = strategy.prompter
        self.list_key = prompter.field_messages
        self.system_key = prompter.field_system
        self.thinking_key = prompter.template_thinking_key
        self.keys: Mapping[str, str] = prompter.message_property_mappings
        self.position = 0

    def turn(self, index: int, raw: int | None, span: tuple[int, int] | None) -> Iterator[Placed]:
        """Yield what of a turn stands where; the search for the next one goes on from there."""
        certain = span is not None
        start, stop = self._region(span)
        turn = self.turns[index]
        known: list[tuple[str, Path, str]] = []
        for key in (self.thinking_key, "content"):
            value = turn.get(key)
            if isinstance(value, str) and value:
                known += self._origins(key, value, raw)
        for value, path, original in known:
            at, form = _find(self.text, value, start, stop)
            if at < 0:
                continue
            yield from self._placed(at, form, path, original, raw, inferred=not certain)
            start = at + len(form)
        if raw is not None and certain:
            others = list(self._others(raw))
            for placed in by_search(others, self.text, start=start, stop=stop):
                field = Field(placed.field.path, raw, inferred=True)
                yield Placed(placed.at, placed.length, field, placed.skipped)
                start = placed.at + placed.length
        self.position = max(self.position, start)

    def _region(self, span: tuple[int, int] | None) -> tuple[int, int]:
        if span is None or span[0] >= span[1]:
            return self.position, len(self.text)
        inside = self.offsets[span[0] : span[1]]
        inside = inside[inside[:, 0] >= 0]
        if not len(inside):
            return self.position, len(self.text)
        return int(inside[:, 0].min()), int(inside[:, 1].max())

    def _origins(self, key: str, value: str, raw: int | None) -> Iterator[tuple[str, Path, str]]:
        """Yield texts to look for with the path that each comes from and that path's whole text."""
        if raw is None:
            yield value, (self.system_key,), value
            return
        message, name = self.messages[raw], self.keys.get(key, key)
        written = message.get(name)
        if written is None:
            written, name = message.get(self.keys["content"]), self.keys["content"]
        if isinstance(written, str):
            yield value, (self.list_key, raw, name), written
        elif isinstance(written, list):
            for part, item in enumerate(written):
                part_key = next((k for k in PART_TEXTS if item.get(k)), None)
                if part_key is not None:
                    text = item[part_key]
                    yield text, (self.list_key, raw, name, part, part_key), text

    def _placed(
        self, at: int, form: str, path: Path, original: str, raw: int | None, *, inferred: bool
    ) -> Iterator[Placed]:
        skipped = original.find(form)
        if skipped >= 0:
            yield Placed(at, len(form), Field(path, raw, inferred), skipped)

    def _others(self, raw: int) -> Iterator[Leaf]:
        """Yield the texts of a message besides its role, content and thinking."""
        taken = {self.keys.get(key, key) for key in ("role", "content", self.thinking_key)}
        for key, value in self.messages[raw].items():
            if key not in taken:
                for path, text in texts_in(value, (self.list_key, raw, key)):
                    inside = _inside(path, text) if path[-1] == "arguments" else ()
                    yield Leaf(path, text, inside=tuple(inside))


def _inside(path: Path, text: str) -> Iterator[Leaf]:
    """Yield the texts within arguments that are written as JSON in a text."""
    try:
        value = json.loads(text)
    except ValueError:
        return
    for _, leaf in texts_in(value):
        at = text.find(leaf)
        if at >= 0:
            yield Leaf(path, leaf, skipped=at)


def _find(text: str, value: str, start: int, stop: int) -> tuple[int, str]:
    """Find a text, or failing that what stripping leaves of it; -1 if it is not there."""
    for form in dict.fromkeys((value, value.strip())):
        if form:
            at = text.find(form, start, max(stop, start + len(form)))
            if at >= 0:
                return at, form
    return -1, ""
