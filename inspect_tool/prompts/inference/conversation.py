"""The conversation that a client would send for a raw row, by the names that servers know.

Datasets call an assistant ``gpt``, ``bot`` or ``model`` and a text ``value`` or ``text``; a server
knows ``role`` and ``content``. What the config maps is taken as mapped, and what it forgot is
taken for what it plainly is, so that a forgotten mapping shows as a difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Message = dict[str, Any]

ROLES = {
    "assistant": ("assistant", "gpt", "bot", "model", "ai", "chatbot", "chatgpt", "agent"),
    "user": ("user", "human", "prompter", "customer", "client", "question"),
    "system": ("system", "developer"),
    "tool": ("tool", "function", "observation", "ipython", "function_response", "tool_response"),
}
_CANONICAL = {name: role for role, names in ROLES.items() for name in names}

ROLE_KEYS = ("role", "from", "speaker", "author", "sender")
CONTENT_KEYS = ("content", "value", "text", "message", "utterance")
LIST_KEYS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat")
SENT_KEYS = ("reasoning_content", "tool_calls", "tool_call_id", "name")
"""What a client sends beside role and content."""


def canonical_role(role: object) -> str:
    """Return the name that servers have for a role; any other name stays as it is."""
    return _CANONICAL.get(str(role).strip().lower(), str(role))


@dataclass(frozen=True)
class Conversation:
    """What is asked before one answer: messages, tools, and the raw row that they are from.

    ``question`` is what a person would type into a prompt: the text of the last user message.
    """

    messages: tuple[Message, ...]
    tools: Any = None
    row: Mapping[str, Any] | None = None

    @property
    def question(self) -> str:
        """The text of the last user message, empty where there is none."""
        users = [item for item in self.messages if item.get("role") == "user"]
        return str(users[-1].get("content") or "") if users else ""

    @property
    def has_tool_calls(self) -> bool:
        """Whether an earlier message calls a tool."""
        return any(item.get("tool_calls") for item in self.messages)

    def without_system(self) -> Conversation:
        """Return the same without system messages."""
        kept = tuple(item for item in self.messages if item.get("role") != "system")
        return replace(self, messages=kept)

    def without_tools(self) -> Conversation:
        """Return the same without tool definitions."""
        return replace(self, tools=None)

    def without_tool_calls(self) -> Conversation:
        """Return the same with no calls in any message."""
        kept = tuple(
            {key: value for key, value in item.items() if key != "tool_calls"}
            for item in self.messages
        )
        return replace(self, messages=kept)


def client_message(turn: Mapping[str, Any], raw: Mapping[str, Any] | None) -> Message:
    """Return a message by the names that servers know.

    ``turn`` is the message as the config maps it, ``raw`` as it stands in the data.
    """
    role = turn.get("role") or _first(raw, ROLE_KEYS) or "user"
    content = turn.get("content")
    if content is None:
        content = _first(raw, CONTENT_KEYS)
    message: Message = {"role": canonical_role(role), "content": "" if content is None else content}
    for key in SENT_KEYS:
        if turn.get(key) is not None:
            message[key] = turn[key]
    return message


def guessed_messages(row: Mapping[str, Any]) -> list[Message] | None:
    """Return the messages of a row by their plain names, None where it has no such list."""
    for key in LIST_KEYS:
        found = row.get(key)
        if isinstance(found, list) and found and all(isinstance(item, dict) for item in found):
            if _first(found[0], ROLE_KEYS) is None:
                return None
            return [client_message({}, item) for item in found]
    return None


def instruction_messages(fields: Sequence[Any]) -> tuple[Message, ...]:
    """Return an instruction row as a chat: system, then instruction and input as one user turn.

    ``fields`` are what axolotl reads from the row: instruction, input, output and maybe system.
    """
    instruction, given = str(fields[0] or ""), str(fields[1] or "")
    system = str(fields[3] or "") if len(fields) > 3 else ""
    asked = f"{instruction}\n{given}" if given else instruction
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    return (*messages, {"role": "user", "content": asked})


def _first(raw: Mapping[str, Any] | None, keys: Sequence[str]) -> Any:
    return next((raw[key] for key in keys if raw and raw.get(key) is not None), None)
