"""``text:FILE``: a prompt as people write f-strings, sent to a server as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.placeholders import Filled, PromptText
from inspect_tool.prompts.inference.target import Asked, Change, Prompt, TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.specs import Fill
    from inspect_tool.prompts.inference.stops import Stops


class TextTarget:
    """Prompts made of a file's text; the tokenizer adds its BOS, as servers do with plain text."""

    first_only = True
    remote = False

    def __init__(
        self, name: str, encoder: Encoder, file: Path, *, stops: Stops, fills: Sequence[Fill]
    ) -> None:
        self.name = name
        self.encoder = encoder
        self.stops = stops
        self.fills = fills
        text = read_text(file)
        if not text.strip():
            raise TargetError("is empty", place=file, fix="write the prompt into it")
        self.pattern = PromptText.parse(text)
        self.names = frozenset(self.pattern.names)

    def prompts(self, asked: Sequence[Asked]) -> list[Prompt | InspectError]:
        """Fill the placeholders for each, and encode all texts at once."""
        made: list[Filled | InspectError] = []
        for item in asked:
            try:
                made.append(fill(self.pattern, item, self.fills, self.encoder))
            except InspectError as error:
                made.append(error)
        texts = [item.text for item in made if isinstance(item, Filled)]
        encoded = iter(self.encoder.encode(texts, special=True))
        return [
            Prompt(next(encoded), item.text, item.inferred) if isinstance(item, Filled) else item
            for item in made
        ]

    def again(self, asked: Asked, change: Change) -> Prompt | None:
        """Return nothing: a text is what it is."""
        return None


def fill(pattern: PromptText, asked: Asked, fills: Sequence[Fill], encoder: Encoder) -> Filled:
    """Fill a text's placeholders for one answer."""
    row = asked.row
    return pattern.filled(row, asked.text, fills, fields=asked.fields, ignore=encoder.bos_token)


def read_text(file: Path) -> str:
    """Read a file of UTF-8; raises TargetError."""
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"cannot be read as UTF-8 text ({error})", place=file) from None
