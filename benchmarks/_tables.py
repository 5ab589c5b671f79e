"""How benchmarks print what they measured."""

from __future__ import annotations

import os
import statistics
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

console = Console(width=100, highlight=False)


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, names to the left and figures to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def say(text: str) -> None:
    """Print a line below a table."""
    console.print(text, markup=False)


def machine() -> str:
    """Return how busy the machine is: figures of a busy one are too high."""
    return f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"


def ms(seconds: float) -> str:
    """Return a time in milliseconds."""
    return f"{seconds * 1000:,.1f} ms"


def median(times: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(times)


def percentile(times: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of all values do not exceed, one of them."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
