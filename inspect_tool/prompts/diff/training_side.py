"""The training side: the tokens before each answer of a raw row, from axolotl's own rendering.

Runs in the worker. A side wraps the reader of one dataset; ``again`` renders a row's prompt once
more with one thing changed, through the same strategy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.prompts.inference.conversation import Conversation
    from inspect_tool.prompts.inference.target import Change
    from inspect_tool.prompts.strategies.reader import Rendered, Row


@dataclass(frozen=True, eq=False)
class TrainingPrompt:
    """What training saw before one answer.

    ``ids`` are the tokens before the first trained one; ``text`` is the rendered text before the
    answer, which may end within a token; ``whole`` is the text with the answer. ``exact`` says
    that both are what axolotl tokenised, not ids decoded. ``end_ids`` are the trained tokens after
    the answer's content. ``state`` is the side's own.
    """

    answer: int
    ids: list[int]
    text: str
    whole: str
    exact: bool
    end_ids: tuple[int, ...]
    row: Mapping[str, Any]
    conversation: Conversation | None = None
    template: str | None = None
    template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    """What axolotl reads from an instruction row, by the names of its formats."""
    input_given: bool | None = None
    """Whether an instruction row has an input; None for rows of other kinds."""
    raw_names: tuple[str, ...] = ()
    """Role or field names of the data that the config leaves as they are."""
    masked_end: str = ""
    """What ends the answer in the text and is not trained, where nothing is that does."""
    unwritten: tuple[str, ...] = ()
    """What of the row the template leaves out of the text, in words."""
    state: Any = None


class TrainingSide(Protocol):
    """Renders the rows of one dataset."""

    def prompts(self, row: Row) -> tuple[Rendered, list[TrainingPrompt]]:
        """Return what axolotl makes of a row, and the prompt before each trained answer."""

    def again(self, prompt: TrainingPrompt, change: Change) -> list[int] | None:
        """Return the ids before the answer with one thing changed, None where that is not known."""
