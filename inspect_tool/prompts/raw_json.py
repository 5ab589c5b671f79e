"""Where in a line of JSON the characters of one of its texts stand, escapes and all.

Lets a surface light up, in the raw line, the characters that a token came from.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspect_tool.prompts.explained import Path

_WHITE = " \t\r\n"
_DECODER = json.JSONDecoder()


def span_in_json(text: str, path: Path, start: int, end: int) -> tuple[int, int] | None:
    """Return where characters ``[start, end)`` of the text at ``path`` stand in ``text``.

    None if there is no text at that path, or ``text`` is no JSON.
    """
    try:
        opening = _value(text, path)
        if opening is None or text[opening] != '"':
            return None
        spots = _spots(text, opening)
    except (ValueError, IndexError, KeyError):
        return None
    if not 0 <= start <= end < len(spots):
        return None
    return spots[start], spots[end]


def _value(text: str, path: Path) -> int | None:
    """Return where the value at ``path`` begins."""
    position = _skip(text, 0)
    for part in path:
        found = _member(text, position, part)
        if found is None:
            return None
        position = found
    return position


def _member(text: str, position: int, part: str | int) -> int | None:
    closing = {"{": "}", "[": "]"}.get(text[position])
    if closing is None or isinstance(part, str) != (closing == "}"):
        return None
    index = 0
    position = _skip(text, position + 1)
    while text[position] != closing:
        key: str | int = index
        if closing == "}":
            key, position = _DECODER.raw_decode(text, position)
            position = _skip(text, _skip(text, position) + 1)
        if key == part:
            return position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)
        if text[position] == ",":
            position = _skip(text, position + 1)
        index += 1
    return None


def _spots(text: str, opening: int) -> list[int]:
    """Return where each character of the string at ``opening`` begins, and where it ends."""
    spots, position = [], opening + 1
    while text[position] != '"':
        spots.append(position)
        if text[position] != "\\":
            position += 1
        elif text[position + 1] != "u":
            position += 2
        else:
            high = 0xD800 <= int(text[position + 2 : position + 6], 16) < 0xDC00
            paired = high and text[position + 6 : position + 8] == "\\u"
            position += 12 if paired else 6
    return [*spots, position]


def _skip(text: str, position: int) -> int:
    while text[position] in _WHITE:
        position += 1
    return position
