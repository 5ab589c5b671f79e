"""Two prompts as lines in two columns: equal runs folded, what differs token by token.

What differs is marked as well as coloured: - training alone, + inference alone, ~ other ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from inspect_tool.samples.glyphs import CONTINUATION, SPACE, safe
from inspect_tool.tui.diff import count_of
from inspect_tool.tui.widgets.parts import Line, Part, fitted, line_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.prompts.diff.results import Comparison, Difference, Side

CONTEXT: Final = 12
"""Equal tokens that are shown on each side of a difference."""
PAIRED: Final = 12
"""Tokens up to which a difference has a line for each."""
MOST_TOKENS: Final = 2_000
"""Tokens of one side of a difference that are drawn."""
LONGEST: Final = 200
"""Characters of one token that are drawn."""
BAR: Final = Part(" │ ", "dim")
_SUBSCRIPTS: Final = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line, the difference that it belongs to (None: equal), and whether it is its first."""

    parts: Line
    difference: int | None = None
    first: bool = False


def diff_lines(comparison: Comparison, width: int) -> list[DiffLine]:
    """Lay out both prompts in ``width`` cells; no line is wider, and their number is bounded."""
    column = max((width - BAR.width) // 2, 8)
    lines = [
        DiffLine(_columns((Part("TRAINING", "accent"),), (Part("INFERENCE", "accent"),), column))
    ]
    at = 0
    for index, item in enumerate(comparison.differences):
        region = item.region
        lines += _equal(comparison.train, at, region.train_start, column, first=not index)
        lines += _difference(comparison, index, column)
        at = region.train_stop
    lines += _equal(comparison.train, at, len(comparison.train), column, last=True)
    if not comparison.stop.ok:
        lines += _stop(comparison, column)
    return lines


def _equal(
    side: Side, start: int, stop: int, column: int, *, first: bool = False, last: bool = False
) -> Iterator[DiffLine]:
    """Yield equal tokens: those around differences as text, the rest as their number."""
    head = start if first else min(start + CONTEXT, stop)
    tail = stop if last else max(stop - CONTEXT, head)
    if tail - head <= CONTEXT:
        head = tail = stop
    yield from _text(side, start, head, column)
    if tail > head:
        count = tail - head
        said = f"┄┄ {count:,} equal token{'s' if count > 1 else ''} ┄┄"
        yield DiffLine((Part(said, "dim"),))
    yield from _text(side, tail, stop, column)


def _text(side: Side, start: int, stop: int, column: int) -> Iterator[DiffLine]:
    if stop > start:
        tokens = [(Part(_shown(text), "dim"),) for text in side.texts(start, stop)]
        for line in _flowed(tokens, column - 2):
            shown = (Part("  "), *line)
            yield DiffLine(_columns(shown, shown, column))


def _difference(comparison: Comparison, index: int, column: int) -> Iterator[DiffLine]:
    item = comparison.differences[index]
    region = item.region
    train = _tokens(comparison.train, region.train_start, region.train_stop, item, "bad")
    inference = _tokens(
        comparison.inference, region.inference_start, region.inference_stop, item, "good"
    )
    yield DiffLine(_title(comparison, index, item.cause), index, first=True)
    if region.size > PAIRED:
        train, inference = _flowed(train, column - 2), _flowed(inference, column - 2)
    left, right = ("~ ", "~ ") if item.same_text else ("- ", "+ ")
    for a, b in zip_longest(train or [_NOTHING], inference or [_NOTHING], fillvalue=None):
        one = (Part(left, "bad"), *a) if a else ()
        other = (Part(right, "good"), *b) if b else ()
        yield DiffLine(_columns(one, other, column), index)


def _stop(comparison: Comparison, column: int) -> Iterator[DiffLine]:
    index, stop = len(comparison.differences), comparison.stop
    yield DiffLine(_title(comparison, index, "D-STOPSET"), index, first=True)
    trained = " ".join(map(str, stop.trained_end)) or "nothing"
    stops = " ".join(map(str, stop.stop_ids)) or "nothing"
    one = (Part("- ", "bad"), Part(f"trained end: {trained}", "bad"))
    other = (Part("+ ", "good"), Part(f"stops on: {stops}", "good"))
    yield DiffLine(_columns(one, other, column), index)


_NOTHING: Final[Line] = (Part("nothing", "dim"),)


def _title(comparison: Comparison, index: int, cause: str) -> Line:
    return (
        Part(f"▎{index + 1} of {count_of(comparison)} ", "accent"),
        Part(cause, "strong"),
    )


def _tokens(side: Side, start: int, stop: int, item: Difference, tone: str) -> list[Line]:
    """Return each token's text and id; the last line says how many more there are."""
    cut = min(stop, start + MOST_TOKENS)
    tone = "warn" if item.same_text else tone
    ids = side.ids[start:cut].tolist()
    found: list[Line] = [
        (Part(_shown(text, space=SPACE), tone), Part(str(token).translate(_SUBSCRIPTS), "dim"))
        for text, token in zip(side.texts(start, cut), ids, strict=True)
    ]
    if cut < stop:
        found.append((Part(f" and {stop - cut:,} more", "dim"),))
    return found


def _shown(text: str, *, space: str = " ") -> str:
    if not text:
        return CONTINUATION
    return safe(text[:LONGEST], space=space) + ("…" if len(text) > LONGEST else "")


def _flowed(tokens: Sequence[Line], width: int) -> list[Line]:
    """Fill lines of ``width`` cells with tokens, a new one after each line break."""
    lines: list[Line] = []
    line: list[Part] = []
    used = 0
    for token in tokens:
        size = line_width(token)
        if line and used + size > width:
            lines.append(tuple(line))
            line, used = [], 0
        line += token
        used += size
        if token[0].text.endswith("↵"):
            lines.append(tuple(line))
            line, used = [], 0
    return [*lines, tuple(line)] if line else lines


def _columns(left: Line, right: Line, column: int) -> Line:
    return (*fitted(left, (), column), BAR, *fitted(right, (), column))
