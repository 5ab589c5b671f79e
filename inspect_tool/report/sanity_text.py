"""A sanity check as text: a line for each answer, then the first difference with its cause.

``-`` marks what training taught and ``+`` what the model said, as in a diff.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from inspect_tool.report.diff_text import aligned, line_of, tokens_of
from inspect_tool.report.lines import heading, printed
from inspect_tool.report.marks import ASIDE, HEADING
from inspect_tool.report.wrap import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.prompts.diff.results import Side
    from inspect_tool.report.look import Look
    from inspect_tool.runs.sanity.results import Outcome, SanityReport, TargetResult

EXPECTED_COLOR, GENERATED_COLOR = "1;31", "1;32"
BEFORE, AFTER = 4, 8
"""Tokens that are shown before and from the first difference on."""


def sanity_text(report: SanityReport, look: Look) -> str:
    """Return a report as lines of text; every character of it is safe."""
    return printed(_report(report, look), look)


def _report(report: SanityReport, look: Look) -> Iterator[Segment]:
    what = "adapter" if report.adapter else "model"
    said = f"{report.run}: {what} loaded as {report.model}; training ended with loss"
    yield line_of(f"{said} {report.loss:.2g}", look, ASIDE)
    for result in report.results:
        yield Segment("\n")
        yield from _result(result, look)
    for note in report.notes:
        yield line_of(f"note: {note}", look, ASIDE)
    for failure in report.failures:
        if failure.row >= 0:
            who = f"{failure.target}: " if failure.target else ""
            yield line_of(f"not asked: raw row {failure.row}: {who}{failure.message}", look, ASIDE)


def _result(result: TargetResult, look: Look) -> Iterator[Segment]:
    total = len(result.outcomes)
    if not total:
        said = "nothing could be asked"
    elif result.reproduced == total:
        said = f"all {total:,} answers come back"
    else:
        said = f"{total - result.reproduced:,} of {total:,} answers fail"
    name = "training's own tokens" if result.target == "training" else result.target
    yield from heading([name, said], look)
    for item in result.outcomes:
        yield line_of(f"  {_place(item)}: {_said(item)}", look)
    for item in _examples(result):
        yield from _example(item, look)


def _place(item: Outcome) -> str:
    return f"raw row {item.row}" + (f", answer {item.answer}" if item.answer else "")


def _said(item: Outcome) -> str:
    total, codes = len(item.expected), ", ".join(item.codes)
    if item.ok:
        return f"{_tokens(total)}{', then it ends' if item.stopped else ''}"
    if item.at is None:
        return f"{codes}; comes all the same, {_tokens(total)}"
    if item.at >= total - len(item.stop.trained_end) and not item.stopped:
        return f"{codes}; goes on after {_tokens(item.at)}"
    return f"{codes}; differs from token {item.at} of {total}"


def _tokens(count: int) -> str:
    return f"{count:,} token{'' if count == 1 else 's'}"


def _examples(result: TargetResult) -> Iterator[Outcome]:
    """Yield one answer of each set of causes, one that did not come if there is one."""
    bad = [item for item in result.outcomes if not item.ok]
    bad.sort(key=lambda item: (item.codes, item.at is None))
    for _, group in groupby(bad, key=lambda item: item.codes):
        yield next(group)


def _example(item: Outcome, look: Look) -> Iterator[Segment]:
    yield Segment("\n")
    yield line_of(_place(item), look, HEADING)
    for cause in item.causes:
        certain = "" if cause.proven else "likely: "
        yield line_of(f"  {cause.code}: {certain}{cause.message}", look)
        yield line_of(f"    fix: {cause.fix}", look)
    if item.comparison is not None and not item.comparison.equal:
        yield line_of("  the prompt:", look, ASIDE)
        yield from aligned(item.comparison, look)
    if item.at is not None:
        yield line_of(f"  the answer, from token {max(0, item.at - BEFORE)}:", look, ASIDE)
        yield from _window("-", "expected", item.expected, item.at, look)
        yield from _window("+", "generated", item.generated, item.at, look)


def _window(mark: str, name: str, side: Side, at: int, look: Look) -> Iterator[Segment]:
    """Yield the tokens around the first difference, a bar before it."""
    aside = ASIDE if look.color else ""
    sgr = (EXPECTED_COLOR if mark == "-" else GENERATED_COLOR) if look.color else ""
    middle = min(at, len(side))
    start, stop = max(0, middle - BEFORE), min(len(side), middle + AFTER)
    yield Segment(f"  {mark} ", sgr)
    if start < middle:
        yield from tokens_of(side, start, middle, look, aside)
        yield Segment(" ‖ " if look.unicode else " || ", aside)
    if middle < stop:
        yield from tokens_of(side, middle, stop, look, sgr)
    else:
        yield Segment("the end", aside)
    yield Segment(f"   ({name})", aside)
    yield Segment("\n")
