"""A person's YAML and the derived one side by side, with what changed on each line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple

from inspect_tool.runs.yaml_lines import key_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from inspect_tool.runs.overrides.draft import Override

Mark = Literal["", "changed", "added", "left out", "translated"]


@dataclass(frozen=True, slots=True)
class SideLine:
    """One line: ``left`` as written, ``right`` as derived, None where a side has none.

    ``keys`` are the dotted keys that stand on it, ``changes`` what is changed there;
    ``translated`` whether that is what an old key has become.
    """

    left: str | None
    right: str | None
    keys: tuple[str, ...] = ()
    changes: tuple[Override, ...] = ()
    translated: bool = False

    @property
    def mark(self) -> Mark:
        """What became of the line, in a word."""
        if not self.changes:
            return ""
        if self.translated:
            return "translated"
        if self.right is None:
            return "left out"
        return "added" if self.left is None else "changed"


class _Line(NamedTuple):
    text: str
    keys: tuple[str, ...]
    """Those that begin on it; none in a comment or a further line of a value."""
    within: str
    """The last key that began at or before it."""


def side_lines(
    written: str,
    derived: str,
    *,
    overrides: Iterable[Override],
    translated: Iterable[Override],
) -> tuple[SideLine, ...]:
    """Align two YAML documents by their keys; both are known to be valid."""
    left, right = _lines(written), _lines(derived)
    old, new = list(overrides), list(translated)
    touched = [_touched((*old, *new), lines) for lines in (left, right)]
    turned = {id(change) for change in new}

    def made(one: int | None, other: int | None) -> SideLine:
        found: dict[int, Override] = {}
        for place, changes in ((one, touched[0]), (other, touched[1])):
            if place is not None:
                found |= {id(change): change for change in changes.get(place, ())}
        keys = [*(left[one].keys if one is not None else ())]
        keys += [key for key in (right[other].keys if other is not None else ()) if key not in keys]
        return SideLine(
            left=None if one is None else left[one].text,
            right=None if other is None else right[other].text,
            keys=tuple(keys),
            changes=tuple(found.values()),
            translated=bool(found) and all(key in turned for key in found),
        )

    return tuple(made(one, other) for one, other in _pairs(left, right))


def _lines(text: str) -> list[_Line]:
    begun: dict[int, list[str]] = {}
    for key, first in key_lines(text).items():
        begun.setdefault(first, []).append(key)
    found, within = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        keys = tuple(begun.get(number, ()))
        within = keys[-1] if keys else within
        found.append(_Line(line, keys, within))
    return found


def _pairs(
    left: Sequence[_Line], right: Sequence[_Line]
) -> Iterator[tuple[int | None, int | None]]:
    """Yield which lines stand beside each other, found by the first key that begins on them."""
    a = [line.keys[0] if line.keys else f"\0left{i}" for i, line in enumerate(left)]
    b = [line.keys[0] if line.keys else f"\0right{i}" for i, line in enumerate(right)]
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        lefts, rights = range(i1, i2), range(j1, j2)
        if tag == "equal" or not (_has_key(left, lefts) or _has_key(right, rights)):
            yield from zip_longest(lefts, rights)
        else:
            yield from ((i, None) for i in lefts)
            yield from ((None, j) for j in rights)


def _has_key(lines: Sequence[_Line], numbers: range) -> bool:
    return any(lines[number].keys for number in numbers)


def _touched(
    changes: Iterable[Override], lines: Sequence[_Line]
) -> Mapping[int, tuple[Override, ...]]:
    """Return the lines that each change is about: its key's, those of the values below it.

    A key that has no line of its own, such as one within braces, is looked for in what holds it.
    """
    known = {key for line in lines for key in line.keys}
    found: dict[int, tuple[Override, ...]] = {}
    for change in changes:
        key = change.key
        while key not in known and "." in key:
            key = key.rpartition(".")[0]
        if key not in known or (key != change.key and not _held_inline(key, lines)):
            continue
        for number, line in enumerate(lines):
            about = line.keys or (line.within,)
            if line.text.strip() and any(k == key or k.startswith(f"{key}.") for k in about):
                found[number] = (*found.get(number, ()), change)
    return found


def _held_inline(key: str, lines: Sequence[_Line]) -> bool:
    """Tell whether all that is below ``key`` is written on its own line."""
    own = next(line for line in lines if key in line.keys)
    return not any(k.startswith(f"{key}.") for line in lines if line is not own for k in line.keys)
