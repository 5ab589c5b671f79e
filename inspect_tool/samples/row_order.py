"""In which order rows are shown, and which of them: sorted and filtered over whole arrays."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from inspect_tool.samples.checks import Report


PROBLEM: Final = 2
"""Severity from which on a row has a problem (a warning or an error); below is a remark."""


class Sort(StrEnum):
    """What rows are sorted by; ties keep the order in the file."""

    ROW = "row"
    LENGTH = "length"
    TRAINED = "trained tokens"
    SHARE = "trained share"
    PROBLEM = "problem"


@dataclass(frozen=True, eq=False)
class RowTable:
    """What is known of every row, one entry per row.

    ``lengths`` and ``trained`` int[n] count tokens (``lengths`` characters where rows are stored
    as text, ``trained`` None where nothing is stored about training); ``severity`` int8[n] is 0
    without a finding, 1 info, 2 warning, 3 error; ``problems`` maps a finding's code to its rows,
    int[m]; ``eval_start`` is the first row that axolotl holds out for evaluation; from ``known``
    on nothing is known yet (None: all is).
    """

    lengths: NDArray[np.integer[Any]]
    trained: NDArray[np.integer[Any]] | None = None
    severity: NDArray[np.int8] | None = None
    problems: Mapping[str, NDArray[np.integer[Any]]] = field(default_factory=dict)
    eval_start: int | None = None
    known: int | None = None

    @property
    def complete(self) -> bool:
        """Whether every row is known."""
        return self.known is None or self.known == len(self)

    def knows(self, row: int) -> bool:
        """Tell whether anything is known of a row yet."""
        return self.known is None or row < self.known

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def shares(self) -> NDArray[np.float32]:
        """Return trained tokens over tokens per row, float32[n]; 0 for empty rows."""
        if self.trained is None:
            return np.zeros(len(self), dtype=np.float32)
        return np.asarray(self.trained / np.maximum(self.lengths, 1), dtype=np.float32)

    def values(self, sort: Sort) -> NDArray[Any] | None:
        """Return the numbers that ``sort`` goes by, None where nothing is known."""
        match sort:
            case Sort.LENGTH:
                return self.lengths
            case Sort.TRAINED:
                return self.trained
            case Sort.SHARE:
                return None if self.trained is None else self.shares
            case Sort.PROBLEM:
                return self.severity
            case _:
                return None


def table_of(report: Report, *, eval_start: int | None = None) -> RowTable:
    """Return what a report says row by row, whole or in the making."""
    from inspect_tool.samples.checks.rows import Rows

    counts = report.census
    severity = np.zeros(counts.rows, dtype=np.int8)
    problems: dict[str, NDArray[np.int64]] = {}
    for finding in reversed(report.findings):
        rows = finding.rows
        found = rows.array if isinstance(rows, Rows) else np.array(rows, dtype=np.int64)
        severity[found] = len(SEVERITIES) - SEVERITIES.index(finding.severity)
        problems[finding.code] = np.append(problems.get(finding.code, found[:0]), found)
    return RowTable(
        lengths=counts.lengths if counts.characters is None else counts.characters,
        trained=counts.trained if counts.labelled else None,
        severity=severity,
        problems=problems,
        eval_start=eval_start,
        known=counts.done,
    )


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a row must fulfil: ``length > 4096``, ``trained < 5%``, ``problem:L-EOS``."""

    field: str
    compare: str = "="
    value: float = 0.0
    percent: bool = False
    name: str = ""


RowFilter = tuple[Condition, ...]
"""Conditions that must all hold; empty lets every row through."""

FILTER_EXAMPLES: Final = "length>4096  trained<5%  trained=0  problem  problem:CODE  split:eval"

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_NUMERIC: Final = re.compile(r"(row|length|trained)(<=|>=|!=|<|>|=)([\d_,]*\.?\d+)(%?)")
_NAMED: Final = re.compile(r"(problem|split)(?::(\S+))?")


def parse_filter(text: str) -> RowFilter:
    """Read a filter such as ``trained<5% length>2000 problem``; raises InspectError."""
    joined = re.sub(r"\s*(<=|>=|!=|==|<|>|=|:)\s*", r"\1", text.strip()).replace("==", "=")
    return tuple(_condition(word) for word in joined.split())


def _condition(word: str) -> Condition:
    if match := _NUMERIC.fullmatch(word):
        name, compare, number, percent = match.groups()
        if percent and name != "trained":
            raise InspectError(f"{name} has no percentage: {word}", fix="trained<5% has one")
        value = float(number.replace(",", "").replace("_", ""))
        return Condition(name, compare, value, percent=bool(percent))
    if (match := _NAMED.fullmatch(word)) and (match[1] == "problem" or match[2]):
        return Condition(match[1], name=match[2] or "")
    raise InspectError(f"no such condition: {word}", fix=f"write for example {FILTER_EXAMPLES}")


@dataclass(frozen=True, eq=False)
class RowOrder:
    """Rows in the order in which they are shown; ``rows`` int64[m], None for all ``total`` rows.

    A place is an index into this order, a row a row number of the dataset.
    """

    total: int
    rows: NDArray[np.int64] | None = None
    sort: Sort = Sort.ROW
    descending: bool = False
    where: RowFilter = ()

    def __len__(self) -> int:
        return self.total if self.rows is None else len(self.rows)

    def row_at(self, place: int) -> int:
        """Return the row at a place."""
        return place if self.rows is None else int(self.rows[place])

    def place_of(self, row: int) -> int | None:
        """Return the place of a row, None when the filter leaves it out."""
        if self.rows is None:
            return row if 0 <= row < self.total else None
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if len(found) else None

    def rows_between(self, first: int, stop: int) -> NDArray[np.int64]:
        """Return the rows at places ``first`` to ``stop``, int64[stop - first]."""
        if self.rows is None:
            return np.arange(first, min(stop, self.total), dtype=np.int64)
        return self.rows[first:stop]


def ordered(
    table: RowTable, *, sort: Sort = Sort.ROW, descending: bool = False, where: RowFilter = ()
) -> RowOrder:
    """Sort and filter; raises InspectError for what the table does not know."""
    total = len(table)
    rows: NDArray[np.int64] | None = None
    if where:
        kept = np.logical_and.reduce([_holds(table, condition) for condition in where])
        rows = np.flatnonzero(kept)
    if sort is Sort.ROW:
        if descending:
            rows = (np.arange(total) if rows is None else rows)[::-1]
        return RowOrder(total, rows, sort, descending, where)
    values = table.values(sort)
    if values is None:
        raise InspectError(f"nothing is known of the rows' {sort.value}")
    chosen = values if rows is None else values[rows]
    places = np.argsort(-chosen if descending else chosen, kind="stable")
    return RowOrder(total, places if rows is None else rows[places], sort, descending, where)


def _holds(table: RowTable, condition: Condition) -> NDArray[np.bool_]:
    if condition.field == "problem":
        return _has_problem(table, condition.name)
    if condition.field == "split":
        return _in_split(table, condition.name)
    if condition.field == "row":
        values: NDArray[Any] = np.arange(len(table))
    elif condition.field == "length":
        values = table.lengths
    elif table.trained is None:
        raise InspectError("this dataset stores no labels, so no share of it is trained")
    else:
        values = table.shares * 100 if condition.percent else table.trained
    return np.asarray(_COMPARISONS[condition.compare](values, condition.value))


def _has_problem(table: RowTable, name: str) -> NDArray[np.bool_]:
    flags = np.zeros(len(table), dtype=np.bool_)
    if not name:
        return flags if table.severity is None else table.severity >= PROBLEM
    codes = [code for code in table.problems if code.lower().startswith(name.lower())]
    if not codes:
        known = ", ".join(table.problems) or "none"
        raise InspectError(f"no problem {name}", fix=f"found here: {known}")
    for code in codes:
        flags[table.problems[code]] = True
    return flags


def _in_split(table: RowTable, name: str) -> NDArray[np.bool_]:
    rows = np.arange(len(table))
    held_out = rows >= (len(table) if table.eval_start is None else table.eval_start)
    if name in {"eval", "test"}:
        return held_out
    if name == "train":
        return ~held_out
    raise InspectError(f"no split {name}", fix="splits are train and eval")
