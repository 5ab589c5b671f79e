"""A ledger as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inspect_tool.prompts.explained import RawPlace
from inspect_tool.prompts.strategies.tasks import RowsInfo, SourceInfo
from inspect_tool.report.ledger_text import SHOWN, ledger_text
from inspect_tool.report.look import Look
from inspect_tool.runs.ledger import Fate, Ledger, LedgerRow
from tests.hostile import unsafe_characters

INFO = RowsInfo(
    sources=(SourceInfo("datasets.0", 4, ("/data/rows.jsonl",), {}, "chat_template"),),
    limit=512,
    limit_key="sequence_len",
    shortest=2,
    strategy="drop",
    drops_untrained=False,
    deduplicates=False,
)
ROWS = (
    LedgerRow(0, 0, Fate.PREPARED, tokens=9, trained=3, kept=9, prepared=(2,)),
    LedgerRow(0, 1, Fate.DROPPED, tokens=600, reason="too-long", detail="600 tokens"),
    LedgerRow(0, 2, Fate.TRUNCATED, tokens=600, kept=512, prepared=(0,)),
    LedgerRow(0, 3, Fate.FAILED, reason="error", detail="no field \x1b[31m'role'"),
)
FOUND = Ledger("train", INFO, Path("/data/prepared"), 2, ROWS, strangers=(1,))


def place_of(source: int, row: int) -> RawPlace:
    """Place a row on the line of its number."""
    return RawPlace(INFO.sources[source].files[0], row + 1)


def test_counts_then_rows() -> None:
    """Fates with their reasons first, then each row that is not whole."""
    assert ledger_text(FOUND, Look(), place_of).splitlines() == [
        "── train · 4 raw rows · 2 prepared · /data/prepared ──",
        "        1  prepared",
        "        1  truncated",
        "        1  dropped: 1 too-long (longer than the limit; sequence_len)",
        "        1  failed: 1 error (axolotl's own words)",
        "        1  prepared rows come from no raw row: the folder is stale (rows 1)",
        "",
        "/data/rows.jsonl:2  dropped  too-long  600 tokens",
        "/data/rows.jsonl:3  truncated  as 0  88 of 600 tokens cut off",
        "/data/rows.jsonl:4  failed  error  no field ␛[31m'role'",
        "",
    ]


def test_whole_rows_on_request() -> None:
    """Rows that came through whole are listed when all are asked for."""
    assert "rows.jsonl:1  prepared  as 2" in ledger_text(FOUND, Look(), place_of, every=True)


def test_many_rows_are_counted() -> None:
    """A long list ends with how many more there are."""
    dropped = [replace(ROWS[1], row=number) for number in range(SHOWN + 7)]

    text = ledger_text(replace(FOUND, rows=tuple(dropped)), Look(), place_of)

    assert "7 more: --all prints them" in text


def test_axolotls_words_are_not_obeyed() -> None:
    """What axolotl says of a row may quote the row."""
    shown = ledger_text(FOUND, Look(color=True), place_of)

    assert unsafe_characters(shown.encode()) == set()
