"""What every kind of inference has: prompts for conversations, stops, and prompts made otherwise.

``again`` renders a prompt once more with one thing changed. A change that makes a difference go
away names its cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspect_tool.prompts.inference.conversation import Conversation
    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.stops import Stops


class TargetError(InspectError):
    """A target that can answer for no row: a broken template, a server that is down."""


class ChangeKind(StrEnum):
    """What a second rendering does otherwise."""

    ROLES = "roles by the names that servers know"
    NO_TOOLS = "no tool definitions"
    NO_TOOL_CALLS = "no tool calls in earlier messages"
    NO_SYSTEM = "no system message"
    NO_TOOLS_NO_SYSTEM = "neither tool definitions nor a system message"
    OTHER_FORMAT = "the format for rows with the input, or without"
    TEMPLATE_KWARGS = "other chat_template_kwargs"
    TRAINING_TEMPLATE = "the training's own template"
    NO_GENERATION_PROMPT = "no generation prompt"
    LAST_ANSWER = "the conversation ends with this answer"


@dataclass(frozen=True)
class Change:
    """A kind of change with what it needs."""

    kind: ChangeKind
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prompt:
    """What is sent: ids, the text that they are of, and the placeholders that were inferred."""

    ids: list[int]
    text: str
    inferred: tuple[str, ...] = ()


class Asked(Protocol):
    """What a target is told of the answer it is to be asked for."""

    @property
    def answer(self) -> int:
        """Which of the row's answers."""

    @property
    def row(self) -> Mapping[str, Any]:
        """The raw row."""

    @property
    def fields(self) -> Mapping[str, str]:
        """What axolotl reads from an instruction row, by the names of its formats."""

    @property
    def conversation(self) -> Conversation | None:
        """What a client would send, None where the row does not tell."""

    @property
    def text(self) -> str:
        """The training text before the answer."""

    @property
    def template(self) -> str | None:
        """The chat template that training rendered with, None for other formats."""

    @property
    def template_kwargs(self) -> Mapping[str, Any]:
        """The chat_template_kwargs that training rendered with."""


class Target(Protocol):
    """One way to ask for an answer. ``name`` is as written after ``--against``.

    ``first_only``: it has no place for earlier turns, so only a row's first answer is compared.
    ``remote``: its tokens are made elsewhere.
    """

    name: str
    encoder: Encoder
    stops: Stops
    first_only: bool
    remote: bool

    def prompts(self, asked: Sequence[Asked]) -> list[Prompt | InspectError]:
        """Return a prompt for each, or why there is none; raises TargetError for all of them."""

    def again(self, asked: Asked, change: Change) -> Prompt | None:
        """Return a prompt with one thing changed, None where that means nothing here."""


def conversation_of(asked: Asked) -> Conversation:
    """Return the conversation; raises InspectError where the row does not tell one."""
    if asked.conversation is None:
        raise InspectError(
            "the row tells no conversation",
            fix="compare its text with text:FILE, or name a function with python:module:function",
        )
    return asked.conversation
