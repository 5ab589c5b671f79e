"""``messages:FILE``: the messages that a client builds, with ``{placeholders}``, as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.inference.conversation import Conversation
from inspect_tool.prompts.inference.placeholders import PromptText
from inspect_tool.prompts.inference.target import Asked, Prompt, TargetError
from inspect_tool.prompts.inference.templates import TemplateTarget
from inspect_tool.prompts.inference.text_file import fill, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from inspect_tool.errors import InspectError
    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.specs import Fill
    from inspect_tool.prompts.inference.stops import Stops


class MessagesTarget(TemplateTarget):
    """Prompts made of a file's messages by the tokenizer's chat template."""

    first_only = True

    def __init__(
        self,
        name: str,
        encoder: Encoder,
        template: str,
        file: Path,
        *,
        stops: Stops,
        kwargs: Mapping[str, Any],
        fills: Sequence[Fill],
    ) -> None:
        super().__init__(name, encoder, template, stops=stops, kwargs=kwargs)
        self.fills = fills
        self.written = read_messages(file)
        texts = [
            value for item in self.written for value in item.values() if isinstance(value, str)
        ]
        self.names = frozenset(name for text in texts for name in PromptText.parse(text).names)

    def conversation(self, asked: Asked) -> Conversation:
        """Return the file's messages, filled for the row."""
        row = asked.row
        messages = tuple(
            {key: self._filled(value, asked)[0] for key, value in message.items()}
            for message in self.written
        )
        return Conversation(messages, row=row)

    def prompts(self, asked: Sequence[Asked]) -> list[Prompt | InspectError]:
        """Render each, and say what was inferred."""
        made = super().prompts(asked)
        return [
            replace(prompt, inferred=self._inferred(item)) if isinstance(prompt, Prompt) else prompt
            for prompt, item in zip(made, asked, strict=True)
        ]

    def _filled(self, value: Any, asked: Asked) -> tuple[Any, tuple[str, ...]]:
        if not isinstance(value, str):
            return value, ()
        found = fill(PromptText.parse(value), asked, self.fills, self.encoder)
        return found.text, found.inferred

    def _inferred(self, asked: Asked) -> tuple[str, ...]:
        values = [value for message in self.written for value in message.values()]
        return tuple(name for value in values for name in self._filled(value, asked)[1])


def read_messages(file: Path) -> list[dict[str, Any]]:
    """Read a JSON list of messages, or an object that has it as ``messages``."""
    try:
        value = json.loads(read_text(file))
    except ValueError as error:
        raise TargetError(f"no JSON: {error}", place=file) from None
    messages = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(messages, list) or not messages:
        raise TargetError("no list of messages", place=file, fix='[{"role": ..., "content": ...}]')
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or "role" not in message:
            raise TargetError(f"message {index} has no role", place=file)
    return messages
