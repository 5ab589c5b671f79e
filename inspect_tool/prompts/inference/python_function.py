"""``python:MODULE:FUNCTION``: a person's own code that makes the prompt of a raw row.

It gets the row as a dict and returns a text, a list of ids, or a list of messages. It runs in the
worker, whose output is a log, and within a time limit.
"""

from __future__ import annotations

import importlib
import sys
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.conversation import Conversation
from inspect_tool.prompts.inference.limits import LimitError, limited
from inspect_tool.prompts.inference.target import Asked, Change, Prompt, TargetError
from inspect_tool.prompts.inference.templates import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.stops import Stops


class FunctionTarget:
    """Prompts made by a function; its messages are rendered by the tokenizer's template."""

    first_only = True
    remote = False

    def __init__(
        self,
        name: str,
        encoder: Encoder,
        function: Callable[[dict[str, Any]], Any],
        *,
        stops: Stops,
        template: str | None,
    ) -> None:
        self.name = name
        self.encoder = encoder
        self.function = function
        self.stops = stops
        self.chat_template = template

    def prompts(self, asked: Sequence[Asked]) -> list[Prompt | InspectError]:
        """Call the function for each row."""
        made: list[Prompt | InspectError] = []
        for item in asked:
            try:
                made.append(self._prompt(item))
            except TargetError:
                raise
            except InspectError as error:
                made.append(error)
        return made

    def again(self, asked: Asked, change: Change) -> Prompt | None:
        """Return nothing: the function is what it is."""
        return None

    def _prompt(self, asked: Asked) -> Prompt:
        row = asked.row
        try:
            with limited(self.name):
                value = self.function(deepcopy(dict(row)))
        except LimitError as error:
            raise TargetError(error.message, place=self.name, fix=error.fix) from None
        except Exception as error:  # it is a person's own code
            raise InspectError(
                f"raised {type(error).__name__}: {error}", place=self.name
            ) from error
        return self._read(value, row)

    def _read(self, value: Any, row: Mapping[str, Any]) -> Prompt:
        if isinstance(value, str):
            return Prompt(self.encoder.ids(value, special=True), value)
        if isinstance(value, list) and value and all(isinstance(item, int) for item in value):
            return Prompt(value, self.encoder.text(value))
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            if self.chat_template is None:
                raise TargetError("it returns messages, but the tokenizer has no chat template")
            text = render(
                self.encoder.tokenizer,
                self.chat_template,
                Conversation(tuple(value), row=row),
                place=self.name,
                generation_prompt=True,
                kwargs={},
            )
            return Prompt(self.encoder.ids(text), text)
        raise InspectError(
            f"returned {type(value).__name__}",
            place=self.name,
            fix="return a text, a list of ids or a list of messages",
        )


def load_function(value: str, cwd: Path, name: str) -> Callable[[dict[str, Any]], Any]:
    """Import ``MODULE:FUNCTION`` with ``cwd`` first on the path; raises TargetError."""
    module, _, function = value.partition(":")
    sys.path.insert(0, str(cwd))
    importlib.invalidate_caches()
    try:
        with limited(name):
            sys.modules.pop(module, None)
            found = getattr(importlib.import_module(module), function, None)
    except LimitError as error:
        raise TargetError(error.message, place=name, fix=error.fix) from None
    except Exception as error:  # it is a person's own code
        raise TargetError(
            f"cannot be imported: {type(error).__name__}: {error}",
            place=name,
            fix=f"the module is looked for in {cwd}",
        ) from error
    if not callable(found):
        raise TargetError(f"{module} has no function {function}", place=name)
    loaded: Callable[[dict[str, Any]], Any] = found
    return loaded
