"""The text of `check`: histograms, rows by name, and lines that fit."""

from __future__ import annotations

import numpy as np
import pytest

from inspect_tool.report.check_text import bars, named_rows
from inspect_tool.samples.census import Histogram
from inspect_tool.samples.checks import Rows


@pytest.mark.parametrize(
    ("counts", "drawn"),
    [
        ([0, 1, 4, 8], " ▂▅█"),
        ([1, 1_000_000], "▂█"),
        ([0, 0], "  "),
        ([3, 3], "██"),
    ],
)
def test_bars(counts: list[int], drawn: str) -> None:
    """The highest bin fills its cell, an empty one is blank, and nothing else looks empty."""
    assert bars(Histogram(np.array(counts), 0, 1)) == drawn


def test_bars_in_ascii() -> None:
    """Where only ASCII can be printed, bars are ASCII."""
    assert bars(Histogram(np.array([0, 1, 8]), 0, 1), unicode=False) == " .#"


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([], ""),
        ([4], "4"),
        ([4, 5], "4-5"),
        ([1, 3, 4, 5, 9], "1, 3-5, 9"),
        (list(range(0, 40, 2)), "0, 2, 4 and 17 more"),
        (list(range(40)), "0-2 and 37 more"),
    ],
)
def test_named_rows(rows: list[int], named: str) -> None:
    """Neighbours are one range; what is not named is counted."""
    assert (
        named_rows(Rows(np.array(rows, dtype=np.int64)), most=3 if len(rows) > 10 else 12) == named
    )
