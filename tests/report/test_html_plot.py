"""Histograms drawn: every row is in a bar, every axis has round numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.report.html_plot import length_plot, share_plot, steps
from inspect_tool.samples.census import Census


def _census(lengths: list[int], trained: list[int] | None = None) -> Census:
    counted = trained if trained is not None else [0] * len(lengths)
    return Census(
        rows=len(lengths),
        done=len(lengths),
        tokens=sum(lengths),
        trained_tokens=sum(counted),
        lengths=np.array(lengths, dtype=np.int32),
        trained=np.array(counted, dtype=np.int32),
        labelled=True,
    )


@given(lengths=st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_every_row_is_in_a_bar(lengths: list[int]) -> None:
    """The bars of both plots count all rows."""
    census = _census(lengths)

    assert sum(bar.rows for bar in length_plot(census).bars) == len(lengths)
    assert sum(bar.rows for bar in share_plot(census).bars) == len(lengths)


@given(lengths=st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_bars_stay_inside(lengths: list[int]) -> None:
    """No bar or tick leaves the area of the plot."""
    plot = length_plot(_census(lengths))

    places = [bar.x for bar in plot.bars] + [bar.x + bar.width for bar in plot.bars]
    assert min(places) >= plot.left
    assert max(places) <= plot.right + 0.5
    assert all(plot.top - 0.1 <= bar.y <= plot.bottom for bar in plot.bars)
    assert all(plot.left <= tick.at <= plot.right for tick in plot.x_ticks)


def test_rows_of_one_length_are_one_bar() -> None:
    """A dataset whose rows are all alike has one bar that names the length."""
    (bar,) = length_plot(_census([512] * 7)).bars

    assert (bar.range, bar.rows) == ("512", 7)


def test_a_rare_row_can_be_seen() -> None:
    """One row beside a million leaves a bar."""
    plot = length_plot(_census([10] * 10_000 + [900]))

    assert plot.bars[-1].height >= 1


def test_the_limit_is_drawn_where_it_cuts() -> None:
    """sequence_len is a line across the plot if rows reach it."""
    limit = length_plot(_census([10, 2048]), sequence_len=2048).limit

    assert limit is not None
    assert limit.text == "sequence_len 2,048"


def test_a_limit_far_away_is_not_drawn() -> None:
    """sequence_len beyond the longest row would squeeze the plot."""
    assert length_plot(_census([10, 20]), sequence_len=2048).limit is None


def test_the_description_says_what_is_not_trained() -> None:
    """Rows with nothing trained are told in words."""
    description = share_plot(_census([10, 10, 10], [0, 5, 10])).description

    assert "1 row with nothing trained, 1 row with everything trained" in description


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 50, 100]),
        (0, 1, [0, 0.5, 1]),
        (22, 497, [200, 400]),
        (3, 3.5, [3, 3.2, 3.4]),
    ],
)
def test_steps_are_round(low: float, high: float, expected: list[float]) -> None:
    """Ticks stand at one, two or five times a power of ten."""
    assert steps(low, high) == expected
