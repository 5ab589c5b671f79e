"""``axolotl``: what `axolotl inference` and, with earlier turns, `axolotl inference --chat` send.

The template is the one that axolotl's own ``resolve_chat_template_str`` gives (cli/utils/load.py);
the prompt is put together as ``do_inference`` does (cli/inference.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.conversation import Conversation
from inspect_tool.prompts.inference.stops import tokenizer_stops
from inspect_tool.prompts.inference.target import (
    Asked,
    Change,
    ChangeKind,
    Prompt,
    TargetError,
    conversation_of,
)
from inspect_tool.prompts.inference.templates import TemplateTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.inference.encoder import Encoder

PASSED = {"add_special_tokens": True}
"""What `do_inference` hands to apply_chat_template beside the generation prompt."""


class AxolotlTemplateTarget(TemplateTarget):
    """`axolotl inference` with a chat template: one user message, no system, no tools.

    A row with earlier turns can only be asked with ``--chat``, which keeps them.
    """

    def __init__(self, name: str, encoder: Encoder, template: str) -> None:
        super().__init__(
            name, encoder, template, stops=tokenizer_stops(encoder), kwargs=PASSED, place=name
        )

    def conversation(self, asked: Asked) -> Conversation:
        """Return what can be typed: the question, with the turns before it."""
        known = conversation_of(asked)
        typed = [item for item in known.messages if item.get("role") in {"user", "assistant"}]
        if len(typed) == 1:
            typed = [{"role": "user", "content": known.question.strip()}]
        plain = tuple({"role": item["role"], "content": item["content"]} for item in typed)
        return Conversation(plain, row=known.row)


class AxolotlTextTarget:
    """`axolotl inference` without a chat template: the typed text, or a prompter's."""

    first_only = True
    remote = False

    def __init__(self, name: str, encoder: Encoder, prompter: Any = None) -> None:
        self.name = name
        self.encoder = encoder
        self.prompter = prompter
        self.stops = tokenizer_stops(encoder)

    def prompts(self, asked: Sequence[Asked]) -> list[Prompt | InspectError]:
        """Return the prompt for each question."""
        texts: list[str | InspectError] = []
        for item in asked:
            try:
                texts.append(self._text(item))
            except InspectError as error:
                texts.append(error)
        encoded = iter(
            self.encoder.encode([text for text in texts if isinstance(text, str)], special=True)
        )
        return [Prompt(next(encoded), text) if isinstance(text, str) else text for text in texts]

    def again(self, asked: Asked, change: Change) -> Prompt | None:
        """Return the prompt for the instruction without its input."""
        if change.kind is not ChangeKind.OTHER_FORMAT or self.prompter is None:
            return None
        row = asked.row
        if not isinstance(row.get("instruction"), str):
            return None
        text = self._prompted(row["instruction"])
        return Prompt(self.encoder.ids(text, special=True), text)

    def _text(self, asked: Asked) -> str:
        question = conversation_of(asked).question
        return question.strip() if self.prompter is None else self._prompted(question)

    def _prompted(self, question: str) -> str:
        return str(next(self.prompter().build_prompt(instruction=question.strip("\n"))))


def axolotl_target(
    name: str, prompter: str, cfg: Any, encoder: Encoder
) -> AxolotlTemplateTarget | AxolotlTextTarget:
    """Return what `axolotl inference` would use; raises TargetError for an unknown prompter."""
    if prompter:
        return AxolotlTextTarget(name, encoder, _prompter(name, prompter))
    from axolotl.cli.utils.load import resolve_chat_template_str

    try:
        template = resolve_chat_template_str(cfg, encoder.tokenizer)
    except ValueError as error:
        raise TargetError(f"axolotl inference refuses: {error}", place=name) from None
    if template:
        return AxolotlTemplateTarget(name, encoder, template)
    return AxolotlTextTarget(name, encoder)


def _prompter(name: str, prompter: str) -> Any:
    from axolotl import prompters

    found = getattr(prompters, prompter, None)
    if isinstance(found, type) and callable(getattr(found, "build_prompt", None)):
        return found
    known = sorted(
        key
        for key, value in vars(prompters).items()
        if isinstance(value, type) and callable(getattr(value, "build_prompt", None))
    )
    raise TargetError("no prompter of axolotl's", place=name, fix=f"one of {', '.join(known)}")
