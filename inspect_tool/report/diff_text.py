"""A diff as text: what came of each target, then one example of each cause, side by side in time.

Training's tokens and inference's stand below each other where they differ; what is equal is folded
to its ends. Without colour ``-`` marks what only training has and ``+`` what only inference has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from inspect_tool.report.lines import heading, printed
from inspect_tool.report.marks import ASIDE, HEADING, ascii_only, marks_of
from inspect_tool.report.wrap import Segment
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.prompts.diff.results import (
        Comparison,
        Difference,
        DiffReport,
        Side,
        TargetSummary,
    )
    from inspect_tool.report.look import Look

TRAIN_COLOR, INFERENCE_COLOR, SAME_COLOR = "1;31", "1;32", "1;33"
CONTEXT = 8
"""Equal tokens that are shown on each side of a difference."""
MOST_TOKENS = 40
"""Tokens of one side of a difference that are shown."""
MOST_REASONS = 5


def diff_text(report: DiffReport, look: Look) -> str:
    """Return a report as lines of text; every character of it is safe."""
    return printed(_report(report, look), look)


@dataclass(frozen=True)
class Words:
    """What the rows and the two sides are called."""

    row: str = "raw row"
    sides: tuple[str, str] = ("training", "inference")


SERVED = Words()
PAIR = Words("row", ("before", "after"))


def _report(report: DiffReport, look: Look) -> Iterator[Segment]:
    words = PAIR if report.is_pair else SERVED
    for number, summary in enumerate(report.summaries):
        if number and report.summaries[number - 1].causes:
            yield Segment("\n")
        yield from _summary(summary, look)
        for example, causes in _examples(summary):
            yield from _example(causes, example, look, words)
    for note in report.notes:
        yield line_of(f"note: {note}", look, ASIDE)
    yield from _failures(report, look, words)


def _failures(report: DiffReport, look: Look, words: Words) -> Iterator[Segment]:
    """Yield each reason for which rows were not compared, with its first row."""
    reasons: dict[tuple[str | None, str], dict[int, None]] = {}
    for failure in report.failures:
        if failure.row >= 0:
            reasons.setdefault((failure.target, failure.message), {})[failure.row] = None
    for (target, message), rows in list(reasons.items())[:MOST_REASONS]:
        who = f"{target}: " if target else ""
        more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
        where = f"{words.row} {next(iter(rows))}{more}"
        yield line_of(f"not compared: {where}: {who}{message}", look, ASIDE)
    if len(reasons) > MOST_REASONS:
        yield line_of(f"and for {len(reasons) - MOST_REASONS:,} more reasons", look, ASIDE)


def _summary(summary: TargetSummary, look: Look) -> Iterator[Segment]:
    if not summary.samples:
        said = "no row compared"
    elif summary.differing:
        said = f"{summary.differing:,} of {summary.samples:,} rows differ"
    else:
        said = f"all {summary.samples:,} rows agree"
    yield from heading([summary.target, said], look)
    for cause, count in summary.causes.items():
        yield line_of(f"  {cause:<14} {count:>7,} rows", look)
    if not summary.causes:
        yield Segment("\n")


def _examples(summary: TargetSummary) -> Iterator[tuple[Comparison, list[str]]]:
    """Yield each example once, with the causes that it is the first of."""
    shown: list[tuple[Comparison, list[str]]] = []
    for cause, example in summary.examples.items():
        known = next((causes for other, causes in shown if other is example), None)
        if known is None:
            shown.append((example, [cause]))
        else:
            known.append(cause)
    yield from shown


def _example(causes: list[str], example: Comparison, look: Look, words: Words) -> Iterator[Segment]:
    """Yield one row: what differs, what to do about it, and the tokens."""
    yield Segment("\n")
    where = f"{words.row} {example.row}"
    if example.answer:
        where += f", answer {example.answer}"
    yield line_of(where, look, HEADING)
    for cause in causes:
        item = next((item for item in example.differences if item.cause == cause), None)
        message = f"{_certain(item)}{item.message}" if item else example.stop.message
        yield line_of(f"  {cause}: {message}", look)
        yield line_of(f"    fix: {item.fix if item else example.stop.fix}", look)
    if example.inferred:
        names = ", ".join(f"{{{name}}}" for name in example.inferred)
        yield line_of(f"  inferred from the training text: {names}", look, ASIDE)
    if not example.equal:
        yield from aligned(example, look, words)


def _certain(item: Difference) -> str:
    return "" if item.proven else "likely: "


def aligned(example: Comparison, look: Look, words: Words = SERVED) -> Iterator[Segment]:
    """Yield both prompts below each other, equal runs folded."""
    shown = example.differences
    end = len(example.train)
    starts = [0, *(item.region.train_stop for item in shown)]
    stops = [*(item.region.train_start for item in shown), end]
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        yield from _equal(
            example.train, start, stop, look, first=index == 0, last=index == len(shown)
        )
        if index < len(shown):
            yield from _difference(example, shown[index], look, words)


def _equal(
    side: Side, start: int, stop: int, look: Look, *, first: bool, last: bool
) -> Iterator[Segment]:
    """Yield tokens around differences; between two, their ends."""
    if start == stop:
        return
    room = CONTEXT if first or last else 2 * CONTEXT
    texts = side.texts(start, stop)
    if len(texts) <= room:
        shown = _shown("".join(texts), look)
    else:
        count = len(texts) - room
        fold = f" ... {count:,} tokens ... " if count > 1 else " ... "
        before = "" if first else _shown("".join(texts[:CONTEXT]), look)
        after = "" if last else _shown("".join(texts[len(texts) - CONTEXT :]), look)
        shown = f"{before}{fold}{after}".strip()
    yield Segment(f"    {shown}", ASIDE if look.color else "")
    yield Segment("\n")


def _difference(
    example: Comparison, item: Difference, look: Look, words: Words
) -> Iterator[Segment]:
    at = item.region
    if item.mask:
        sgr = SAME_COLOR if look.color else ""
        yield Segment("  ~ ", sgr)
        yield from tokens_of(example.train, at.train_start, at.train_stop, look, sgr)
        yield Segment(f"   ({item.mask}, {item.cause})\n", ASIDE if look.color else "")
        return
    sides = (
        ("-", example.train, at.train_start, at.train_stop, TRAIN_COLOR, words.sides[0]),
        (
            "+",
            example.inference,
            at.inference_start,
            at.inference_stop,
            INFERENCE_COLOR,
            words.sides[1],
        ),
    )
    for mark, side, start, stop, color, name in sides:
        sgr = (SAME_COLOR if item.same_text else color) if look.color else ""
        yield Segment(f"  {mark} ", sgr)
        yield from tokens_of(side, start, stop, look, sgr)
        same = ", same text" if item.same_text else ""
        yield Segment(f"   ({name}, {item.cause}{same})", ASIDE if look.color else "")
        yield Segment("\n")


def tokens_of(side: Side, start: int, stop: int, look: Look, sgr: str) -> Iterator[Segment]:
    """Yield tokens with their ids, a bar between them."""
    if start == stop:
        yield Segment("nothing", ASIDE if look.color else "")
        return
    bar = "│" if look.unicode else "|"
    cut = min(stop, start + MOST_TOKENS)
    ids = side.ids[start:cut].tolist()
    bounds = [int(side.ends[start - 1]) if start else 0, *side.ends[start:cut].tolist()]
    for number, (token_id, (a, b)) in enumerate(zip(ids, pairwise(bounds), strict=True)):
        if number:
            yield Segment(bar, ASIDE if look.color else "")
        yield Segment(_shown(side.text[a:b], look), sgr)
        yield Segment(f"[{token_id}]", ASIDE if look.color else "")
    if cut < stop:
        yield Segment(f" and {stop - cut:,} more", ASIDE if look.color else "")


def _shown(text: str, look: Look) -> str:
    marks = marks_of(look)
    shown = safe(text, newline=marks.newline, tab=marks.tab, space=marks.space)
    return shown if look.unicode else ascii_only(shown)


def line_of(text: str, look: Look, sgr: str = "") -> Segment:
    """Return one line, safe to print."""
    shown = safe(text, newline=" ")
    return Segment(f"{shown if look.unicode else ascii_only(shown)}\n", sgr if look.color else "")
