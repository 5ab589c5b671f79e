"""Which characters of the raw row each token came from, by way of the rendered text.

A tokenizer tells the characters of the text that each token covers; what is left is to find the
row's own texts in it. Where the text comes about by formatting alone, that is exact: the same
formatting is done once more with marks in place of the texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts.explained import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from inspect_tool.prompts.explained import Path

MARK_START, MARK_END = "\ue0f0", "\ue0f1"
"""Private-use characters, which no template looks at and no data is expected to hold."""
MIN_SEARCHED = 3
"""Shorter texts are found everywhere."""
_MARKS = re.compile(f"{MARK_START}([0-9]+){MARK_END}")


class SourceMap:
    """Fills the per-token source arrays of one sequence of ``length`` tokens."""

    def __init__(self, length: int) -> None:
        self.table: list[Field] = []
        self.fields = np.full(length, -1, dtype=np.int32)
        self.starts = np.zeros(length, dtype=np.int32)
        self.ends = np.zeros(length, dtype=np.int32)

    def place(
        self, offsets: NDArray[np.int64], at: int, length: int, field: Field, *, skipped: int = 0
    ) -> None:
        """Say that characters ``[at, at + length)`` of the text are a field's, from ``skipped``.

        ``offsets`` int64[n, 2] are the characters of each token, -1 for none. A token that
        touches two fields stays with the first that was placed.
        """
        if not length:
            return
        starts, ends = offsets[:, 0], offsets[:, 1]
        stop = at + length
        touched = (starts < stop) & (ends > at) & (ends > starts) & (self.fields < 0)
        if not touched.any():
            return
        self.fields[touched] = len(self.table)
        self.starts[touched] = np.maximum(starts[touched], at) - at + skipped
        self.ends[touched] = np.minimum(ends[touched], stop) - at + skipped
        self.table.append(field)

    def tokens_of_turn(self, turn: int | None) -> list[int]:
        """Return the tokens whose field belongs to a raw turn; None: to a text of the row."""
        of_turn = [index for index, field in enumerate(self.table) if field.turn == turn]
        return [int(token) for token in np.flatnonzero(np.isin(self.fields, of_turn))]

    def place_all(self, offsets: NDArray[np.int64], found: Sequence[Placed]) -> None:
        """Place each of ``found``, in order."""
        for item in found:
            self.place(offsets, item.at, item.length, item.field, skipped=item.skipped)


def offsets_of(
    tokenizer: Any,
    text: str,
    ids: Sequence[int],
    *,
    special: bool = False,
    limit: int | None = None,
) -> NDArray[np.int64]:
    """Return the characters ``[start, end)`` of each id in ``text``, int64[n, 2], -1 for none.

    ``ids`` may be fewer than the text gives (cut) or differ from some place on; ids that do not
    agree with the text's own have no characters. ``special`` lets the tokenizer add its own.
    """
    found = np.full((len(ids), 2), -1, dtype=np.int64)
    if not getattr(tokenizer, "is_fast", False) or not text or not len(ids):
        return found
    encoded = tokenizer(
        text,
        add_special_tokens=special,
        return_offsets_mapping=True,
        **({"truncation": True, "max_length": limit} if limit else {}),
    )
    again = np.asarray(encoded["input_ids"], dtype=np.int64)
    count = min(len(again), len(ids))
    agree = again[:count] == np.asarray(ids[:count], dtype=np.int64)
    offsets = np.asarray(encoded["offset_mapping"], dtype=np.int64).reshape(-1, 2)[:count]
    found[:count][agree] = offsets[agree]
    return found


def texts_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every non-empty text of a row with its path, in the row's order."""
    if isinstance(value, str):
        if value:
            yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_in(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from texts_in(item, (*path, index))


@dataclass(frozen=True, slots=True)
class Placed:
    """A field's characters ``[skipped, skipped + length)`` at ``at`` of a text."""

    at: int
    length: int
    field: Field
    skipped: int = 0


def by_marks(
    row: dict[str, Any], texts: Sequence[str], again: Callable[[dict[str, Any]], Sequence[str]]
) -> list[list[Placed]] | None:
    """Find the row's texts in ``texts``, which ``again(row)`` makes by formatting alone.

    ``again`` is called with a row whose texts are marks. None unless putting the texts back in
    place of the marks gives ``texts`` exactly.
    """
    leaves = list(texts_in(row))
    try:
        marked = again(_marked(row, leaves))
    except Exception:  # a strategy may refuse marks in any way; then nothing is known this way
        return None
    if len(marked) != len(texts):
        return None
    placed = [_unmarked(m, text, leaves) for m, text in zip(marked, texts, strict=True)]
    return None if any(item is None for item in placed) else [item or [] for item in placed]


def _marked(row: dict[str, Any], leaves: list[tuple[Path, str]]) -> dict[str, Any]:
    marks = {path: f"{MARK_START}{index}{MARK_END}" for index, (path, _) in enumerate(leaves)}

    def replaced(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item, (*path, index)) for index, item in enumerate(value)]
        return marks.get(path, value)

    result: dict[str, Any] = replaced(row, ())
    return result


def _unmarked(marked: str, text: str, leaves: list[tuple[Path, str]]) -> list[Placed] | None:
    """Put the texts back; each as it is, or without the white space around it."""
    placed: list[Placed] = []
    position = end = 0
    for mark in _MARKS.finditer(marked):
        literal = marked[end : mark.start()]
        if not text.startswith(literal, position):
            return None
        position, end = position + len(literal), mark.end()
        path, value = leaves[int(mark[1])]
        form = next((f for f in (value, value.strip()) if text.startswith(f, position)), None)
        if form is None:
            return None
        placed.append(Placed(position, len(form), field_of(path), value.find(form)))
        position += len(form)
    return placed if text[position:] == marked[end:] else None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text to look for: characters from ``skipped`` on of what stands at ``path``.

    ``inside`` are texts within it, looked for when the whole is not there.
    """

    path: Path
    text: str
    skipped: int = 0
    inside: tuple[Leaf, ...] = ()


def by_search(
    leaves: Sequence[Leaf], text: str, *, start: int = 0, stop: int | None = None
) -> list[Placed]:
    """Find texts in a rendered text one after the other: what is found is likely, not certain."""
    placed: list[Placed] = []
    position, end = start, len(text) if stop is None else stop
    for leaf in leaves:
        found = _search(leaf, text, position, end)
        if found is None:
            inner = by_search(leaf.inside, text, start=position, stop=end)
            placed += inner
            found = inner[-1] if inner else None
        else:
            placed.append(found)
        if found is not None:
            position = found.at + found.length
    return placed


def _search(leaf: Leaf, text: str, start: int, stop: int) -> Placed | None:
    for form in dict.fromkeys((leaf.text, leaf.text.strip())):
        at = _find_word(text, form, start, stop) if len(form) >= MIN_SEARCHED else -1
        if at >= 0:
            skipped = leaf.skipped + leaf.text.find(form)
            return Placed(at, len(form), field_of(leaf.path, inferred=True), skipped)
    return None


def _find_word(text: str, form: str, start: int, stop: int) -> int:
    """Find ``form`` where it is not part of a longer word; -1 if it is nowhere."""
    at = text.find(form, start, stop)
    while at >= 0:
        end = at + len(form)
        continues = form[-1].isalnum() and end < len(text) and text[end].isalnum()
        if not continues and not (form[0].isalnum() and at and text[at - 1].isalnum()):
            return at
        at = text.find(form, at + 1, stop)
    return -1


def field_of(path: Path, *, inferred: bool = False) -> Field:
    """Return the field at a path; what lies in a list of a column counts as a turn."""
    turn = path[1] if len(path) > 1 and isinstance(path[1], int) else None
    return Field(path, turn if isinstance(turn, int) else None, inferred)
