"""L-DUPLICATE: the same row again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.samples.checks.content import row_content
from inspect_tool.samples.checks.rule import Hits, RowsLens, Rule, Setting, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from inspect_tool.findings import Finding
    from inspect_tool.samples.views import SequenceView

_PROBES = 8
"""Tokens of a row that enter its fingerprint, beside its counts."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


class Duplicate(Rule):
    """Rows are compared as they are; only rows with the same fingerprint are read again."""

    code = "L-DUPLICATE"
    title = "the same row occurs again"
    needs_tokens = False
    at_end = True

    def look(self, rows: RowsLens, setting: Setting) -> NDArray[np.uint64]:
        """Return a fingerprint of each row, uint64[rows]."""
        if not rows.sequences:
            return _of_values(rows)
        total = np.zeros(len(rows), dtype=np.uint64)
        for lens in rows.sequences:
            total = total * _MIX + _of_tokens(lens.sequence)
        return total

    def conclude(self, parts: list[NDArray[np.uint64]], summary: Summary) -> Iterator[Finding]:
        """Compare the rows whose fingerprints agree, and report all but the first of each kind."""
        rows, first = _repeats(np.concatenate(parts) if parts else np.empty(0, np.uint64), summary)
        if not len(rows):
            return
        yield summary.finding(
            self.code,
            "warning",
            "the row is an exact copy of an earlier one",
            hits=Hits.of_rows(rows),
            key="dataset_exact_deduplication",
            fix="set dataset_exact_deduplication: true, or drop the copies from the data",
            evidence=f"row {rows[0]} is row {first} again; "
            + summary.shown(Hits.of_rows(rows[:1])),
        )


def _repeats(prints: NDArray[np.uint64], summary: Summary) -> tuple[NDArray[np.int64], int]:
    """Return the rows that repeat an earlier one, and what the first of them repeats."""
    order = np.argsort(prints, kind="stable")
    same = prints[order[1:]] == prints[order[:-1]]
    alike = np.zeros(len(prints), dtype=np.bool_)
    alike[order[1:][same]] = alike[order[:-1][same]] = True
    seen: dict[bytes, int] = {}
    repeats: list[int] = []
    original = -1
    readable = np.ones(len(prints), dtype=np.bool_)
    for unreadable in summary.census.unreadable:
        readable[unreadable.start : unreadable.stop] = False
    for row in np.flatnonzero(alike & readable).tolist():
        content = hashlib.blake2b(row_content(summary.setting.dataset, row), digest_size=16)
        first = seen.setdefault(content.digest(), row)
        if first != row:
            original = first if not repeats else original
            repeats.append(row)
    return np.array(repeats, dtype=np.int64), original


def _of_tokens(view: SequenceView) -> NDArray[np.uint64]:
    """Mix each row's counts with tokens spread evenly over it; uint64[r]."""
    lengths = view.lengths.astype(np.int64)
    total = lengths.astype(np.uint64) * _MIX + view.trained_counts.astype(np.uint64)
    if not len(view.ids):
        return total
    last = len(view.ids) - 1
    for probe in range(_PROBES):
        place = np.minimum(view.starts + lengths * probe // _PROBES, last)
        total = total * _MIX + view.ids[place].astype(np.uint64)
        total ^= total >> np.uint64(29)
    return np.where(lengths > 0, total, np.uint64(0))


def _of_values(rows: RowsLens) -> NDArray[np.uint64]:
    columns = [rows.view.values(name) for name in rows.view.columns]
    mask = (1 << 64) - 1
    return np.array(
        [hash(repr(values)) & mask for values in zip(*columns, strict=True)], dtype=np.uint64
    )
