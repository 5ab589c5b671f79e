"""Changes to JSON with comments that leave every other character alone: pure functions of text.

What is inserted is plain JSON, indented as its surroundings are; whoever reads the file with fewer
liberties than VS Code takes (nvim-dap) can read it still.
"""

from __future__ import annotations

import json
import re
from typing import Any

from inspect_tool.editor.jsonc import Node, comments, parse

UNIT = "  "
"""One level of indentation where a file has none."""


def same(one: Any, other: Any) -> bool:
    """Tell whether two decoded values are the same JSON, the order of keys aside."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def replace(text: str, node: Node, value: Any) -> str:
    """Put ``value`` where ``node`` stands, comments in it before it; nothing if it is there."""
    if same(node.value, value):
        return text
    written = _written(value, margin=_margin(text, node.start), unit=_unit(text), text=text)
    kept = _comments(text, node.start, node.stop)
    return text[: node.start] + kept + written + text[node.stop :]


def set_key(text: str, holder: Node, key: str, value: Any) -> str:
    """Set a key of an object, in its place or as its last."""
    node = holder.member(key)
    if node is not None:
        return replace(text, node, value)
    return _add(text, holder, value, key=key)


def append(text: str, holder: Node, value: Any) -> str:
    """Add an item as an array's last."""
    return _add(text, holder, value)


def drop_key(text: str, holder: Node, key: str) -> str:
    """Take a key out of an object, with its comma; comments stay."""
    index = next((i for i, m in enumerate(holder.members) if m.key == key), None)
    if index is None:
        return text
    member = holder.members[index]
    rest = text[member.node.stop : holder.stop - 1]
    comma = re.match(r"(?:[ \t\r\n]+|//[^\n]*\n|/\*.*?\*/)*,", rest, re.DOTALL)
    start, stop = member.start, member.node.stop
    inner = _comments(text, start, stop)
    if comma is not None:
        between = text[stop : stop + comma.end() - 1]
        kept = between if between.strip() else ""
        after = text[stop + comma.end() :]
        if not kept and not inner:
            before = text[:start].rstrip(" \t")
            line_is_ours = before.endswith("\n") and re.match(r"[ \t]*\r?\n", after)
            if line_is_ours:
                return before + after[line_is_ours.end() :]
        return text[:start] + inner + kept + after
    shorter = text[:start] + inner + text[stop:]
    if index == 0:
        return shorter
    previous = holder.members[index - 1].node.stop
    gap = re.match(r"((?:[ \t\r\n]+|//[^\n]*\n|/\*.*?\*/)*),", text[previous:start], re.DOTALL)
    assert gap is not None, "members are separated by commas"
    at = previous + len(gap.group(1))
    return shorter[:at] + shorter[at + 1 :]


def _comments(text: str, start: int, stop: int) -> str:
    """Return the comments between two places, each on a line of its own."""
    end = f"{_newline(text)}{_margin(text, start)}"
    return "".join(f"{comment}{end}" for comment in comments(text[start:stop]))


def _add(text: str, holder: Node, value: Any, *, key: str | None = None) -> str:
    unit, base = _unit(text), _margin(text, holder.start)
    children = [m.start for m in holder.members] or [item.start for item in holder.items]
    on_lines = "\n" in text[holder.start : holder.stop]
    if not on_lines and not isinstance(value, dict | list) and key is None and holder.items:
        separator = " " if holder.comma else ", "
        return _insert(text, holder.inside, separator + json.dumps(value, ensure_ascii=False))
    last = children[-1] if children else None
    own_line = last is not None and not text[_line_start(text, last) : last].strip()
    margin = _margin(text, last) if last is not None and own_line else base + unit
    name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
    written = name + _written(value, margin=margin, unit=unit, text=text)
    end = _newline(text)
    inserted = f"{end}{margin}{written}"
    if "\n" not in text[holder.inside : holder.stop]:
        inserted += f"{end}{base}"
    text = _insert(text, holder.inside, inserted)
    if children and not holder.comma:
        text = _insert(text, _last_stop(holder), ",")
    return text


def _insert(text: str, position: int, more: str) -> str:
    return text[:position] + more + text[position:]


def _last_stop(holder: Node) -> int:
    return holder.members[-1].node.stop if holder.members else holder.items[-1].stop


def _written(value: Any, *, margin: str, unit: str, text: str) -> str:
    lines = json.dumps(value, indent=unit, ensure_ascii=False).split("\n")
    return f"{_newline(text)}{margin}".join(lines)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _margin(text: str, position: int) -> str:
    """Return the white space with which the line of a position begins."""
    match = re.compile(r"[ \t]*").match(text, _line_start(text, position))
    return match.group() if match else ""


def _unit(text: str) -> str:
    """Return one level of indentation as the file has it: that of its first member."""
    document = parse(text)
    children = [m.start for m in document.members]
    margin = _margin(text, children[0]) if children else ""
    return margin if margin and "\n" in text[document.start : children[0]] else UNIT
