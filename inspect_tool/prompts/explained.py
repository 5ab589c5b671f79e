"""A rendered row with, for every token, the rule behind its label and the characters it came from.

Values only: made by the replay in the axolotl worker, read by every surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts.rules import RULES, Rule
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from numpy.typing import NDArray

Path = tuple[str | int, ...]
"""Where a value stands in a raw row: keys and indices, such as ``("messages", 1, "content")``."""


def dotted(path: Path) -> str:
    """Return a path as people write it: ``messages[1].content``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Field:
    """A text of the raw row. ``inferred``: found by looking for it, not by axolotl's own account.

    ``turn`` is its index in the raw list of messages, segments or steps, None outside of one.
    """

    path: Path
    turn: int | None = None
    inferred: bool = False

    @property
    def name(self) -> str:
        """The field within its turn (``content``, ``content[0].text``) or within the row."""
        return dotted(self.path[2:] if self.turn is not None else self.path) or dotted(self.path)


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a rendered conversation; ``raw`` is its index in the raw list, None if added."""

    index: int
    role: str
    raw: int | None
    trained: bool


@dataclass(frozen=True, slots=True)
class Source:
    """Characters ``[start, end)`` of the text at ``field.path`` of the raw row.

    ``file`` and ``line`` (1-based) are None where nothing tells them; ``row`` is the raw row's
    number in its dataset.
    """

    field: Field
    start: int
    end: int
    row: int
    file: str | None = None
    line: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/why.json)."""
        return {
            "file": self.file,
            "line": self.line,
            "row": self.row,
            "turn": self.field.turn,
            "field": self.field.name,
            "path": dotted(self.field.path),
            "start": self.start,
            "end": self.end,
            "inferred": self.field.inferred,
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one token has its label. ``label`` is None where none is stored (reward models)."""

    label: int | None
    rule: Rule
    key: str | None
    turn: Turn | None
    source: Source | None
    inferred: bool

    def to_json(self) -> dict[str, Any]:
        """Return a token's ``why`` of the documented form (docs/schemas/why.json)."""
        return {
            "label": self.label,
            "rule": self.rule.name,
            "key": self.key,
            "source": self.source.to_json() if self.source else None,
            "inferred": self.inferred,
        }


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens ``[start, stop)`` with one reason; ``source`` spans all their characters."""

    start: int
    stop: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class RawPlace:
    """The file and 1-based line of a raw row; None where nothing tells them."""

    file: str | None = None
    line: int | None = None


NOWHERE = RawPlace()


@dataclass(frozen=True, eq=False)
class Explained:
    """One sequence of one rendered row; every array has one entry per token.

    ``entry`` is the dataset's dotted key, ``row`` the raw row, ``part`` which of the rows made
    from it. ``ids`` int32[n]; ``labels`` int32[n] or None; ``rules`` uint8[n] are codes of RULES;
    ``inferred`` bool[n]; ``turns`` and ``fields`` int32[n] index ``turn_table`` and
    ``field_table``, -1 for none; ``starts`` and ``ends`` int32[n] are characters of the field.
    """

    entry: str
    template_key: str
    row: int
    part: int
    sequence: str
    ids: NDArray[np.int32]
    labels: NDArray[np.int32] | None
    rules: NDArray[np.uint8]
    inferred: NDArray[np.bool_]
    turns: NDArray[np.int32]
    fields: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    turn_table: tuple[Turn, ...] = ()
    field_table: tuple[Field, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def reason(self, token: int, place: RawPlace = NOWHERE) -> Reason:
        """Return why token ``token`` has its label; ``place`` is where the raw row stands."""
        return self._reason(token, token + 1, place)

    def stretches(self, place: RawPlace = NOWHERE) -> tuple[Stretch, ...]:
        """Return the maximal runs of tokens with the same rule, turn and field, in order."""
        bounds = [*self._stretch_starts.tolist(), len(self)]
        return tuple(
            Stretch(start, stop, self._reason(start, stop, place))
            for start, stop in pairwise(bounds)
        )

    def cut(self, length: int) -> Explained:
        """Return the first ``length`` tokens, as truncation at ``sequence_len`` leaves them."""
        if length >= len(self):
            return self
        arrays = {name: getattr(self, name)[:length] for name in ARRAYS}
        labels = None if self.labels is None else self.labels[:length]
        return _replaced(self, **arrays, labels=labels)

    def with_labels(self, labels: NDArray[np.integer[Any]] | None) -> Explained:
        """Return the same tokens with the labels that are stored; what differs becomes STALE."""
        if labels is None or self.labels is None:
            return self
        stored = np.asarray(labels, dtype=np.int32)
        rules = np.where(stored == self.labels, self.rules, STALE_CODE).astype(np.uint8)
        return _replaced(self, labels=stored, rules=rules)

    @cached_property
    def _stretch_starts(self) -> NDArray[np.int64]:
        changes = np.zeros(len(self), dtype=np.bool_)
        for name in ("rules", "inferred", "turns", "fields"):
            values = getattr(self, name)
            changes[1:] |= values[1:] != values[:-1]
        if self.labels is not None:
            masked = self.labels == IGNORE_INDEX
            changes[1:] |= masked[1:] != masked[:-1]
        changes[:1] = True
        return np.flatnonzero(changes)

    def _reason(self, start: int, stop: int, place: RawPlace) -> Reason:
        rule = RULES[self.rules[start]]
        turn, field = int(self.turns[start]), int(self.fields[start])
        source = None
        if field >= 0:
            source = Source(
                field=self.field_table[field],
                start=int(self.starts[start]),
                end=int(self.ends[stop - 1]),
                row=self.row,
                file=place.file,
                line=place.line,
            )
        return Reason(
            label=None if self.labels is None else int(self.labels[start]),
            rule=rule,
            key=rule.key_for(self.entry, template_key=self.template_key),
            turn=self.turn_table[turn] if turn >= 0 else None,
            source=source,
            inferred=bool(self.inferred[start]),
        )


ARRAYS = ("ids", "rules", "inferred", "turns", "fields", "starts", "ends")

STALE_CODE = next(code for code, rule in enumerate(RULES) if rule.name == "stale")


def _replaced(explained: Explained, **changes: Any) -> Explained:
    from dataclasses import fields

    values = {item.name: getattr(explained, item.name) for item in fields(explained)}
    return Explained(**{**values, **changes})
