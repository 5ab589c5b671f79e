"""JSON with comments, as VS Code reads it, parsed with the place of every value.

Comments and trailing commas are passed over and stay where they are: a file is changed by replacing
characters at the places found here (see ``edit``), never by writing it anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from inspect_tool.errors import InspectError

MAX_DEPTH = 100
"""No settings file is nested deeper."""

_BETWEEN = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"')
_COMMENT = re.compile(rf"{_STRING.pattern}|(//[^\r\n]*|/\*.*?\*/)", re.DOTALL)
_WORD = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Node:
    """One value: ``[start, stop)`` are its characters; ``value`` what it decodes to.

    A container's ``inside`` ends where the last character that is not white space stands before
    its closing bracket, a comma or a comment included.
    """

    kind: Literal["object", "array", "scalar"]
    start: int
    stop: int
    value: Any = None
    members: tuple[Member, ...] = ()
    items: tuple[Node, ...] = ()
    inside: int = 0
    comma: bool = False
    """Whether a comma follows the last of its children."""

    def member(self, key: str) -> Node | None:
        """Return the value of a key, the last one where it is written twice, as VS Code does."""
        return next((m.node for m in reversed(self.members) if m.key == key), None)


@dataclass(frozen=True)
class Member:
    """One key of an object, where it starts, and its value."""

    key: str
    start: int
    node: Node = field(repr=False)


class JsoncError(InspectError):
    """A file that is no JSON with comments; ``message`` has line and column."""


def parse(text: str) -> Node:
    """Parse one document; raises JsoncError that says where it breaks off."""
    parser = _Parser(text)
    node = parser.value(parser.skip(0), 0)
    end = parser.skip(node.stop)
    if end < len(text):
        raise parser.error(end, "something follows the end")
    return node


def comments(text: str) -> list[str]:
    """Return the comments in a text that parses, or in a whole part of one."""
    return [found[1] for found in _COMMENT.finditer(text) if found[1]]


def is_blank(text: str) -> bool:
    """Tell whether a text holds white space and comments, and no value."""
    found = _BETWEEN.match(text)
    return found is not None and found.end() == len(text)


class _Parser:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, position: int, message: str) -> JsoncError:
        before = self.text[:position]
        column = position - before.rfind("\n")
        line = before.count("\n") + 1
        return JsoncError(f"line {line}, column {column}: {message}")

    def skip(self, position: int) -> int:
        """Return where the next thing that is neither white space nor comment starts."""
        match = _BETWEEN.match(self.text, position)
        end = match.end() if match else position
        if self.text.startswith("/*", end):
            raise self.error(end, "a comment that does not end")
        return end

    def value(self, position: int, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.error(position, f"nested more than {MAX_DEPTH} deep")
        match self.text[position : position + 1]:
            case "{":
                return self.object(position, depth)
            case "[":
                return self.array(position, depth)
            case '"':
                value, stop = self.string(position)
                return Node("scalar", position, stop, value)
        word = _WORD.match(self.text, position)
        if word is None:
            raise self.error(position, "a value is missing here")
        try:
            return Node("scalar", position, word.end(), json.loads(word.group()))
        except ValueError:
            raise self.error(position, "a number that is too long") from None

    def string(self, position: int) -> tuple[str, int]:
        match = _STRING.match(self.text, position)
        if match is None:
            raise self.error(position, "a string in double quotes is missing here, or does not end")
        return str(json.loads(match.group())), match.end()

    def object(self, start: int, depth: int) -> Node:
        members: list[Member] = []
        position, comma = self.skip(start + 1), False
        while self.text[position : position + 1] != "}":
            if members and not comma:
                raise self.error(position, "a comma or } is missing here")
            key, stop = self.string(position)
            colon = self.skip(stop)
            if self.text[colon : colon + 1] != ":":
                raise self.error(colon, "a colon is missing here")
            node = self.value(self.skip(colon + 1), depth + 1)
            members.append(Member(key, position, node))
            position, comma = self.after(node.stop)
        value = {member.key: member.node.value for member in members}
        return self.closed("object", start, position, value, comma, members=tuple(members))

    def array(self, start: int, depth: int) -> Node:
        items: list[Node] = []
        position, comma = self.skip(start + 1), False
        while self.text[position : position + 1] != "]":
            if items and not comma:
                raise self.error(position, "a comma or ] is missing here")
            node = self.value(position, depth + 1)
            items.append(node)
            position, comma = self.after(node.stop)
        value = [item.value for item in items]
        return self.closed("array", start, position, value, comma, items=tuple(items))

    def after(self, position: int) -> tuple[int, bool]:
        """Pass a comma, if there is one; return where the next thing is, and whether."""
        position = self.skip(position)
        if self.text[position : position + 1] == ",":
            return self.skip(position + 1), True
        return position, False

    def closed(
        self,
        kind: Literal["object", "array"],
        start: int,
        position: int,
        value: Any,
        comma: bool,
        **children: Any,
    ) -> Node:
        inside = len(self.text[:position].rstrip(" \t\r\n"))
        return Node(kind, start, position + 1, value, inside=inside, comma=comma, **children)
