"""Chat templates rendered as transformers renders them, in jinja's sandbox and within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.limits import LONGEST, LimitError, limited
from inspect_tool.prompts.inference.target import (
    Asked,
    Change,
    ChangeKind,
    Prompt,
    TargetError,
    conversation_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspect_tool.prompts.inference.conversation import Conversation
    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.stops import Stops


class TemplateTarget:
    """Prompts made by a jinja template with ``add_generation_prompt``.

    ``place`` names the template in errors. Raises TargetError for one that is no jinja.
    """

    first_only = False
    remote = False

    def __init__(
        self,
        name: str,
        encoder: Encoder,
        template: str,
        *,
        stops: Stops,
        kwargs: Mapping[str, Any] | None = None,
        place: str = "",
    ) -> None:
        self.name = name
        self.encoder = encoder
        self.template = template
        self.stops = stops
        self.kwargs = dict(kwargs or {})
        self.place = place or name
        check_template(template, self.place)

    def conversation(self, asked: Asked) -> Conversation:
        """Return what is sent for an answer; raises InspectError where that is not known."""
        return conversation_of(asked)

    def prompts(self, asked: Sequence[Asked]) -> list[Prompt | InspectError]:
        """Render each conversation, and encode all texts at once."""
        rendered: list[str | InspectError] = []
        for item in asked:
            try:
                rendered.append(self.render(self.conversation(item)))
            except TargetError:
                raise
            except InspectError as error:
                rendered.append(error)
        texts = [text for text in rendered if isinstance(text, str)]
        encoded = iter(self.encoder.encode(texts))
        return [Prompt(next(encoded), text) if isinstance(text, str) else text for text in rendered]

    def again(self, asked: Asked, change: Change) -> Prompt | None:
        """Render with one thing changed."""
        try:
            conversation = self.conversation(asked)
            text = self._changed(conversation, asked, change)
        except InspectError:
            return None
        return None if text is None else Prompt(self.encoder.ids(text), text)

    def _changed(self, sent: Conversation, asked: Asked, change: Change) -> str | None:
        kind = change.kind
        others = {
            ChangeKind.NO_TOOLS: sent.without_tools,
            ChangeKind.NO_TOOL_CALLS: sent.without_tool_calls,
            ChangeKind.NO_SYSTEM: sent.without_system,
        }
        if kind in others:
            other = others[kind]()
            return self.render(other) if other != sent else None
        if kind is ChangeKind.TEMPLATE_KWARGS:
            return self.render(sent, kwargs={**self.kwargs, **change.kwargs})
        if kind is ChangeKind.NO_GENERATION_PROMPT:
            return self.render(sent, generation_prompt=False)
        if kind is ChangeKind.TRAINING_TEMPLATE and asked.template is not None:
            return self.render(sent, template=asked.template, kwargs=asked.template_kwargs)
        return None

    def render(
        self,
        sent: Conversation,
        *,
        template: str | None = None,
        kwargs: Mapping[str, Any] | None = None,
        generation_prompt: bool = True,
    ) -> str:
        """Return the text of a conversation; raises InspectError as the template refuses it."""
        return render(
            self.encoder.tokenizer,
            self.template if template is None else template,
            sent,
            place=self.place,
            generation_prompt=generation_prompt,
            kwargs=self.kwargs if kwargs is None else kwargs,
        )


def render(
    tokenizer: Any,
    template: str,
    sent: Conversation,
    *,
    place: str,
    generation_prompt: bool,
    kwargs: Mapping[str, Any],
) -> str:
    """Render a conversation with transformers' own helper.

    Raises InspectError for what the template says of this conversation, TargetError for what
    would be so with any: no end, the sandbox's refusal, a syntax error.
    """
    from jinja2 import TemplateError, TemplateSyntaxError
    from jinja2.exceptions import SecurityError

    try:
        with limited(place):
            text = tokenizer.apply_chat_template(
                list(sent.messages),
                tools=sent.tools,
                chat_template=template,
                add_generation_prompt=generation_prompt,
                tokenize=False,
                **kwargs,
            )
    except LimitError as error:
        raise TargetError(f"the template {error.message}", place=place, fix=error.fix) from None
    except TemplateSyntaxError as error:
        raise _syntax(error, place) from None
    except SecurityError as error:
        raise TargetError(
            f"the template was refused by jinja's sandbox: {error}",
            place=place,
            fix="a chat template needs nothing but the messages",
        ) from None
    except TemplateError as error:
        raise InspectError(f"the template refuses the conversation: {error}", place=place) from None
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        raise InspectError(
            f"the template fails on the conversation: {type(error).__name__}: {error}", place=place
        ) from None
    if not isinstance(text, str) or len(text) > LONGEST:
        raise TargetError("the template gives no text, or far too much", place=place)
    return text


def check_template(template: str, place: str) -> None:
    """Raise TargetError, with its line, for a text that is no jinja template."""
    from jinja2 import TemplateSyntaxError
    from transformers.utils.chat_template_utils import _compile_jinja_template

    try:
        with limited(place):
            _compile_jinja_template(template)
    except LimitError as error:
        raise TargetError(f"the template {error.message}", place=place, fix=error.fix) from None
    except TemplateSyntaxError as error:
        raise _syntax(error, place) from None


def _syntax(error: Any, place: str) -> TargetError:
    return TargetError(
        f"no jinja template: {error.message}",
        place=f"{place}:{error.lineno}",
        fix="mend the template",
    )
