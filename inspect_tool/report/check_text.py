"""What `check` found, as text: counts and their shapes, then the findings, worst first."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from inspect_tool.findings import SEVERITIES
from inspect_tool.report.lines import printed
from inspect_tool.report.marks import ascii_only
from inspect_tool.report.summary import counted, percent
from inspect_tool.report.wrap import Segment, wrapped
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inspect_tool.findings import Finding, Severity
    from inspect_tool.opened import Opened
    from inspect_tool.report.look import Look
    from inspect_tool.runs.config import Config
    from inspect_tool.samples.census import Census, Histogram
    from inspect_tool.samples.checks import Report

BARS: Final = "▁▂▃▄▅▆▇█"
ASCII_BARS: Final = "_.:-=+*#"
NAMED_ROWS: Final = 12
"""Rows that are named in text; JSON has more."""
BINS: Final = 24

_BOLD, _DIM = "1", "2"
_COLORS: Final[dict[Severity, str]] = {"error": "1;31", "warning": "1;33", "info": "1;36"}
_NOUNS: Final[dict[Severity, str]] = {"error": "error", "warning": "warning", "info": "remark"}
_LABEL, _INDENT = 11, 8


def report_text(report: Report, opened: Opened, look: Look) -> str:
    """Return the whole answer as lines of text, the last one ended; all of it is safe."""
    segments = [*_counts(report, opened, look)]
    for finding in report.findings:
        segments += _finding(finding, opened.target.config, look)
    segments += _ending(report, look)
    text = printed(segments, look)
    return text if look.unicode else ascii_only(text)


def bars(histogram: Histogram, *, unicode: bool = True) -> str:
    """Draw a histogram, one character a bin; what is not empty is never drawn as empty."""
    glyphs = BARS if unicode else ASCII_BARS
    highest = int(histogram.counts.max(initial=0)) or 1
    steps = np.ceil(histogram.counts * (len(glyphs) - 1) / highest).astype(int)
    return "".join(
        glyphs[step] if count else " " for step, count in zip(steps, histogram.counts, strict=True)
    )


def named_rows(rows: Sequence[int], *, most: int = NAMED_ROWS) -> str:
    """Name rows, runs of neighbours as one: ``3, 17-19, 40 and 5 more``."""
    shown = list(rows[:most])
    starts = [shown[0], *(b for a, b in pairwise(shown) if b != a + 1)] if shown else []
    names = []
    for start in starts:
        stop = start
        while stop + 1 in shown:
            stop += 1
        names.append(str(start) if start == stop else f"{start}-{stop}")
    more = f" and {len(rows) - len(shown):,} more" if len(rows) > len(shown) else ""
    return ", ".join(names) + more


def _counts(report: Report, opened: Opened, look: Look) -> Iterator[Segment]:
    census, dataset, target = report.census, opened.dataset, opened.target
    splits = [f"{len(rows):,} {split}" for split, rows in opened.splits.items()]
    yield from _fact("dataset", f"{_from_here(dataset.path)} · {dataset.kind.title}", look)
    yield from _fact("config", target.message, look)
    if target.tokenizer is not None:
        yield from _fact("tokenizer", target.tokenizer.message.removeprefix("tokenizer "), look)
    yield from _fact(
        "rows", f"{census.rows:,}" + (f" ({', '.join(splits)})" if splits else ""), look
    )
    if not dataset.kind.tokenized:
        yield Segment("\n")
        return
    yield from _fact("tokens", f"{census.tokens:,}", look)
    yield from _fact("length", _spread(census, look), look)
    if census.labelled:
        share = percent(census.trained_share)
        yield from _fact("trained", f"{census.trained_tokens:,} tokens, {share}", look)
        yield from _fact(
            "", f"0% {bars(census.share_histogram(BINS), unicode=look.unicode)} 100% of a row", look
        )
    if report.last_tokens:
        yield from _fact("ends with", _last_tokens(report), look)
    yield Segment("\n")


def _spread(census: Census, look: Look) -> str:
    histogram = census.length_histogram(BINS)
    drawn = bars(histogram, unicode=look.unicode)
    return f"{histogram.low:,.0f} {drawn} {histogram.high:,.0f}, median {census.quantile(0.5):,}"


def _last_tokens(report: Report) -> str:
    total = int(np.count_nonzero(report.census.trained)) or 1
    parts = [f"{last.piece} {percent(last.count / total)}" for last in report.last_tokens]
    rest = total - sum(last.count for last in report.last_tokens)
    return ", ".join(parts) + (f", others {percent(rest / total)}" if rest > 0 else "")


def _finding(finding: Finding, config: Config | None, look: Look) -> Iterator[Segment]:
    color = _COLORS[finding.severity] if look.color else ""
    yield Segment(finding.severity.ljust(8), color)
    yield Segment(f" {finding.code}", _BOLD if look.color else "")
    if finding.count:
        yield Segment(f"  {counted(finding.count, 'row')}: {named_rows(finding.rows)}")
    yield Segment("\n")
    yield from _part("", safe(finding.message, newline=" "), look)
    if finding.evidence:
        yield from _part("shown", finding.evidence, look)
    if finding.fix or finding.key:
        key = f"{finding.key}{_line(finding.key, config)}: " if finding.key else ""
        yield from _part("fix", key + safe(finding.fix, newline=" "), look)
    yield Segment("\n")


def _part(name: str, text: str, look: Look) -> Iterator[Segment]:
    """Yield a named part of a finding, folded so that it stays under its own beginning."""
    folded: Iterable[list[Segment]] = [[Segment(text)]]
    if look.width is not None:
        folded = wrapped([Segment(text)], max(look.width - _INDENT, 1))
    for line in folded:
        yield Segment(f"  {name}".ljust(_INDENT), _DIM if look.color else "")
        yield from line
        yield Segment("\n")
        name = ""


def _line(key: str, config: Config | None) -> str:
    """Say where the YAML has a key, if it does."""
    if config is None:
        return ""
    written = key.replace("datasets.", "datasets.0.", 1)
    line = config.lines.get(written) or config.lines.get(key)
    return safe(f" ({config.path.name}:{line})") if line else ""


def _ending(report: Report, look: Look) -> Iterator[Segment]:
    counts = {
        severity: sum(finding.severity == severity for finding in report.findings)
        for severity in SEVERITIES
    }
    found = [counted(count, _NOUNS[severity]) for severity, count in counts.items() if count]
    yield Segment(", ".join(found) or "nothing found", _BOLD if look.color else "")
    accepted = f", {report.accepted:,} accepted by the baseline" if report.accepted else ""
    yield Segment(f"{accepted}; {counted(len(report.run), 'check')} run\n")
    for reason, codes in _by_reason(report.not_run).items():
        yield Segment(f"not run: {', '.join(codes)} ({reason})\n", _DIM if look.color else "")


def _by_reason(not_run: dict[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for code, reason in not_run.items():
        reasons.setdefault(reason, []).append(code)
    return reasons


def _fact(name: str, text: str, look: Look) -> Iterator[Segment]:
    yield Segment(name.ljust(_LABEL), _BOLD if look.color else "")
    yield Segment(f"{safe(text, newline=' ')}\n")


def _from_here(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
