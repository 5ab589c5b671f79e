"""Which rows the page shows: those asked for, or problem rows first and then the first rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.findings import Finding, Severity

LIMIT: Final = 20
"""Samples shown when nobody says how many."""
PLAIN_SHARE: Final = 4
"""One in so many samples is kept for the first rows, however many problems there are."""


def chosen_rows(
    findings: Sequence[Finding], num_rows: int, *, asked: Sequence[int] = (), limit: int = LIMIT
) -> list[int]:
    """Return the row numbers to show, each once, at most ``limit`` (``asked`` ones: all).

    Findings, which come worst first, take turns, so that each has an example before any has two.
    Info findings give no rows: they are no problem.
    """
    if asked:
        return list(dict.fromkeys(asked))
    problems = [finding for finding in findings if finding.severity != "info"]
    reserved = min(-(-limit // PLAIN_SHARE), num_rows)
    rows = dict.fromkeys(islice(_in_turns(problems), limit - reserved))
    for row in range(num_rows):
        if len(rows) >= limit:
            break
        rows.setdefault(row)
    return list(rows)


MAX_TURNS: Final = 1000
"""Rows of one finding that may come to be shown."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding on a row: ``number`` is its place among the page's findings, from 1."""

    number: int
    code: str
    severity: Severity


def marks_of_rows(findings: Sequence[Finding], rows: Sequence[int]) -> dict[int, list[Mark]]:
    """Return the problems that each of ``rows`` is in, in the order of ``findings``."""
    marks: dict[int, list[Mark]] = {row: [] for row in rows}
    for number, finding in enumerate(findings, start=1):
        if finding.severity == "info":
            continue
        for row in rows:
            if row in finding.rows:
                marks[row].append(Mark(number, finding.code, finding.severity))
    return marks


def _in_turns(findings: Sequence[Finding]) -> Iterator[int]:
    """Yield rows of the findings by turns, each row once."""
    seen: set[int] = set()
    for turn in zip_longest(*(finding.rows[:MAX_TURNS] for finding in findings)):
        for row in turn:
            if row is not None and row not in seen:
                seen.add(row)
                yield row
