"""A ledger as text: what became of how many raw rows, and each that did not come through whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inspect_tool.report.lines import heading, printed
from inspect_tool.report.marks import ASIDE, TROUBLE, ascii_only
from inspect_tool.report.summary import counted
from inspect_tool.report.wrap import Segment
from inspect_tool.runs.ledger import REASONS, Fate
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tool.prompts.explained import RawPlace
    from inspect_tool.report.look import Look
    from inspect_tool.runs.ledger import Ledger, LedgerRow

WHOLE = (Fate.PREPARED, Fate.EXPECTED)
BAD = (Fate.MISSING, Fate.FAILED)
SHOWN = 50
"""How many rows are listed unless all are asked for."""
NAMED = 10


def ledger_text(
    found: Ledger, look: Look, place_of: Callable[[int, int], RawPlace], *, every: bool = False
) -> str:
    """Return the ledger as lines; ``place_of`` gives the file and line of a raw row."""
    return printed(_ledger(found, look, place_of, every=every), look)


def _ledger(
    found: Ledger, look: Look, place_of: Callable[[int, int], RawPlace], *, every: bool
) -> Iterator[Segment]:
    stored = f"{found.prepared:,} prepared" if found.dataset else "nothing prepared yet"
    title = [found.split, counted(len(found.rows), "raw row"), stored]
    if found.dataset is not None:
        title.append(_from_here(str(found.dataset)))
    yield from heading(title, look)
    for fate, number in sorted(found.fates.items(), key=lambda item: list(Fate).index(item[0])):
        yield Segment(f"{number:>9,}  {fate.value}", TROUBLE if fate in BAD and look.color else "")
        yield Segment(f"{_reasons(found, fate)}\n")
    yield from _strangers(found, look)
    rows = [row for row in found.rows if every or row.fate not in WHOLE or row.reason]
    shown = rows if every else rows[:SHOWN]
    if shown:
        yield Segment("\n")
    for row in shown:
        yield from _row(found, row, look, place_of(row.source, row.row))
    if len(shown) < len(rows):
        yield Segment(f"{len(rows) - len(shown):,} more: --all prints them\n")
    yield Segment("\n")


def _from_here(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _reasons(found: Ledger, fate: Fate) -> str:
    counts: dict[str, int] = {}
    for row in found.rows:
        if row.fate is fate and row.reason:
            counts[row.reason] = counts.get(row.reason, 0) + 1
    parts = []
    for reason, number in sorted(counts.items(), key=lambda item: -item[1]):
        said, key = REASONS[reason]
        parts.append(f"{number:,} {reason} ({said}{f'; {key}' if key else ''})")
    return f": {', '.join(parts)}" if parts else ""


def _strangers(found: Ledger, look: Look) -> Iterator[Segment]:
    if not found.strangers:
        return
    named = ", ".join(map(str, found.strangers[:NAMED]))
    more = ", ..." if len(found.strangers) > NAMED else ""
    text = (
        f"{len(found.strangers):>9,}  prepared rows come from no raw row: the folder is stale "
        f"(rows {named}{more})\n"
    )
    yield Segment(text, TROUBLE if look.color else "")


def _row(found: Ledger, row: LedgerRow, look: Look, place: RawPlace) -> Iterator[Segment]:
    where = f"{found.info.sources[row.source].entry} row {row.row}"
    if place.file is not None:
        name = _from_here(place.file)
        where = f"{name}:{place.line}" if place.line else f"{name} row {row.row}"
    parts = [f"{where}  {row.fate.value}"]
    if row.prepared:
        parts.append(f"as {', '.join(map(str, row.prepared))}")
    if row.fate is Fate.TRUNCATED:
        parts.append(f"{row.tokens - row.kept:,} of {row.tokens:,} tokens cut off")
    if row.reason:
        parts.append(row.reason)
    if row.detail:
        parts.append(row.detail)
    text = safe("  ".join(parts), newline=" ", tab=" ")
    style = TROUBLE if row.fate in BAD else "" if row.fate not in WHOLE else ASIDE
    yield Segment(text if look.unicode else ascii_only(text), style if look.color else "")
    yield Segment("\n")
