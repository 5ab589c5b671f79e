"""A prompt as people write f-strings: fixed text with ``{placeholders}``, and their values.

A value is the raw field of that name, or where ``--fill`` says. Failing these, the fixed text is
looked for in the training text, white space aside, and what stands between is the value: inferred.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspect_tool.prompts.inference.specs import Fill

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.\[\]'\"]*)\}")
_STEP = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Filled:
    """A text with its placeholders filled, and the names of those that were inferred."""

    text: str
    inferred: tuple[str, ...]


@dataclass(frozen=True)
class PromptText:
    """Fixed texts and the names between them: ``len(fixed) == len(names) + 1``."""

    fixed: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> PromptText:
        """Read a text by the rules of f-strings: ``{{`` and ``}}`` are braces."""
        fixed, names, at = [""], [], 0
        for found in _PLACEHOLDER.finditer(text):
            fixed[-1] += text[at : found.start()]
            at = found.end()
            if found[1] is None:
                fixed[-1] += found[0][0]
            else:
                names.append(found[1])
                fixed.append("")
        fixed[-1] += text[at:]
        return cls(tuple(fixed), tuple(names))

    def filled(
        self,
        row: Mapping[str, Any],
        training: str,
        fills: Sequence[Fill] = (),
        *,
        fields: Mapping[str, str] | None = None,
        ignore: str = "",
    ) -> Filled:
        """Return the text for a row; ``training`` is the training text before the answer.

        ``fields`` are values by the names that axolotl's formats have; ``ignore`` is a text (a BOS
        token) that belongs to no value. Raises InspectError that names the placeholders for which
        nothing was found.
        """
        values: dict[str, str] = {}
        for name in self.names:
            found = _given(name, row, training, fills)
            if found is None and fields is not None:
                found = fields.get(name)
            if found is not None:
                values[name] = found
        missing = tuple(dict.fromkeys(name for name in self.names if name not in values))
        if missing:
            matched = self._matched(training.removeprefix(ignore))
            if matched is None:
                raise _unmatched(missing)
            values = {**matched, **values}
        text = self.fixed[0] + "".join(
            values[name] + fixed for name, fixed in zip(self.names, self.fixed[1:], strict=True)
        )
        return Filled(text, missing)

    def _matched(self, text: str) -> dict[str, str] | None:
        """Find the fixed texts one after the other; what lies between them are the values.

        Without a fixed text any value would do, so there is none.
        """
        if not any(fixed.strip() for fixed in self.fixed):
            return None
        values: dict[str, str] = {}
        at, names, gaps = 0, [], []
        for index, fixed in enumerate(self.fixed):
            is_last = index == len(self.names)
            if index and not is_last and not fixed.strip():
                names.append(self.names[index - 1])
                gaps.append(fixed)
                continue
            place = _place(fixed, text, at, last=is_last)
            if place is None:
                return None
            if index:
                names.append(self.names[index - 1])
                parts = _parted(text[at : place[0]], gaps)
                if parts is None:
                    return None
                for name, value in zip(names, parts, strict=True):
                    if values.setdefault(name, value) != value:
                        return None
            at, names, gaps = place[1], [], []
        return values


def _place(fixed: str, text: str, at: int, *, last: bool) -> tuple[int, int] | None:
    """Find a fixed text from ``at`` on, loosely: the first place, of the last text the last."""
    if not fixed.strip():
        edge = len(text) if last else at
        return edge, edge
    words = r"\s*".join(map(re.escape, fixed.split()))
    before = r"\s*" if fixed[0].isspace() else ""
    after = r"\s*" if fixed[-1].isspace() else ""
    places = list(re.finditer(before + words + after, text[at:]))
    if not places:
        return None
    chosen = places[-1 if last else 0]
    return at + chosen.start(), at + chosen.end()


def _parted(stretch: str, gaps: Sequence[str]) -> list[str] | None:
    """Part a stretch at white space, where there is one way to do it."""
    if any(not gap or stretch.count(gap) != gaps.count(gap) for gap in gaps):
        return None
    parts, at = [], 0
    for gap in gaps:
        stop = stretch.find(gap, at)
        if stop < 0:
            return None
        parts.append(stretch[at:stop])
        at = stop + len(gap)
    return [*parts, stretch[at:]]


def field_of(row: Mapping[str, Any], path: str) -> Any:
    """Return the value at ``messages.1.content`` or ``messages[1].content``, None for none."""
    value: Any = row
    for step in _STEP.findall(path):
        if isinstance(value, list) and re.fullmatch(r"-?\d+", step):
            index = int(step)
            value = value[index] if -len(value) <= index < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _given(name: str, row: Mapping[str, Any], training: str, fills: Sequence[Fill]) -> str | None:
    for fill in fills:
        if fill.name != name:
            continue
        if fill.field:
            value = field_of(row, fill.field)
            if value is None:
                raise InspectError(
                    f"the row has no field {fill.field}", place=f"--fill {name}={fill.field}"
                )
            return str(value)
        found = re.search(fill.pattern, training, re.DOTALL)
        if found is None:
            raise InspectError(
                "nothing in the training text matches it", place=f"--fill {name}=/{fill.pattern}/"
            )
        return found[1] if found.re.groups else found[0]
    value = field_of(row, name)
    return None if value is None else str(value)


def _unmatched(names: tuple[str, ...]) -> InspectError:
    shown = ", ".join(f"{{{name}}}" for name in names)
    return InspectError(
        f"nothing was found for {shown}: no raw field of that name, and no fixed text "
        "around it that stands in the training text, too",
        fix=f"say where it is: --fill {names[0]}=FIELD or --fill '{names[0]}=/REGEX/'",
    )
