"""A raw row laid out for reading, with the place of each of its texts.

JSON in form, but strings stand as they read and not as they are escaped: so the characters that a
token came from are found by adding, and a surface can light up exactly those.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.prompts.explained import Path

INDENT = "  "


@dataclass(frozen=True, eq=False)
class RawText:
    """A laid out row: its ``text``, and where in it the string at each path begins and ends."""

    text: str
    places: Mapping[Path, range]


def raw_text(row: Mapping[str, Any]) -> RawText:
    """Lay out a raw row; entries without a value (null) are left out, as the files leave them."""
    writer = _Writer()
    writer.write(dict(row), (), "")
    return RawText("".join(writer.parts), writer.places)


class _Writer:
    """Collects the text piece by piece and notes where strings come to stand."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.places: dict[Path, range] = {}
        self._length = 0

    def write(self, value: Any, path: Path, indent: str) -> None:
        """Write a value that stands at ``path``."""
        if isinstance(value, str):
            self._say('"')
            self.places[path] = range(self._length, self._length + len(value))
            self._say(value)
            self._say('"')
        elif isinstance(value, dict):
            named = [(key, item) for key, item in value.items() if item is not None]
            self._entries("{}", path, indent, named)
        elif isinstance(value, list):
            self._entries("[]", path, indent, list(enumerate(value)))
        else:
            self._say(json.dumps(value, ensure_ascii=False, default=str))

    def _entries(
        self, brackets: str, path: Path, indent: str, entries: list[tuple[Any, Any]]
    ) -> None:
        if not entries:
            self._say(brackets)
            return
        inner = indent + INDENT
        self._say(brackets[0])
        for number, (key, item) in enumerate(entries):
            self._say(f"{',' if number else ''}\n{inner}")
            if isinstance(key, str):
                self._say(f"{json.dumps(key, ensure_ascii=False)}: ")
            self.write(item, (*path, key), inner)
        self._say(f"\n{indent}{brackets[1]}")

    def _say(self, text: str) -> None:
        self.parts.append(text)
        self._length += len(text)
