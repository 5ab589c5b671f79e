"""Sorting and filtering rows: the order is that of the numbers, a filter lets its own through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.errors import InspectError
from inspect_tool.samples.row_order import (
    Condition,
    RowOrder,
    RowTable,
    Sort,
    ordered,
    parse_filter,
)

TABLE = RowTable(
    lengths=np.array([10, 30, 20, 30, 0], dtype=np.int32),
    trained=np.array([1, 0, 20, 15, 0], dtype=np.int32),
    severity=np.array([0, 3, 1, 0, 2], dtype=np.int8),
    problems={"L-ALL-MASKED": np.array([1]), "L-EMPTY": np.array([4])},
    eval_start=3,
)


def shown(order: RowOrder) -> list[int]:
    """Return the rows of an order."""
    return [order.row_at(place) for place in range(len(order))]


@pytest.mark.parametrize(
    ("sort", "descending", "rows"),
    [
        (Sort.ROW, False, [0, 1, 2, 3, 4]),
        (Sort.ROW, True, [4, 3, 2, 1, 0]),
        (Sort.LENGTH, True, [1, 3, 2, 0, 4]),
        (Sort.LENGTH, False, [4, 0, 2, 1, 3]),
        (Sort.TRAINED, True, [2, 3, 0, 1, 4]),
        (Sort.SHARE, False, [1, 4, 0, 3, 2]),
        (Sort.PROBLEM, True, [1, 4, 2, 0, 3]),
    ],
)
def test_sort(sort: Sort, descending: bool, rows: list[int]) -> None:
    """Rows come in the order asked for; equal ones stay as they are in the file."""
    assert shown(ordered(TABLE, sort=sort, descending=descending)) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("length>20", [1, 3]),
        ("length >= 20", [1, 2, 3]),
        ("length=30 trained=0", [1]),
        ("trained<50%", [0, 1, 4]),
        ("trained=100%", [2]),
        ("trained!=0", [0, 2, 3]),
        ("length>1_0 length<3,0", [2]),
        ("problem", [1, 4]),
        ("problem:l-all", [1]),
        ("split:eval", [3, 4]),
        ("split:train", [0, 1, 2]),
        ("row>=3", [3, 4]),
    ],
)
def test_filter(text: str, rows: list[int]) -> None:
    """What is typed lets through the rows that fulfil every condition."""
    assert shown(ordered(TABLE, where=parse_filter(text))) == rows


def test_filter_and_sort_together() -> None:
    """A filtered list is sorted too."""
    order = ordered(TABLE, sort=Sort.LENGTH, descending=True, where=parse_filter("trained>0"))

    assert shown(order) == [3, 2, 0]


@pytest.mark.parametrize(
    "text", ["color=red", "length", "length>x", "length>5%", "split", "trained>", ">5", "problem="]
)
def test_condition_that_cannot_be_read(text: str) -> None:
    """What is no condition is refused with an example."""
    with pytest.raises(InspectError) as caught:
        parse_filter(text)

    assert caught.value.fix


@pytest.mark.parametrize("text", ["problem:L-NONE", "split:holdout"])
def test_condition_that_cannot_be_applied(text: str) -> None:
    """A code that was not found, or a split that does not exist, is named with what does exist."""
    with pytest.raises(InspectError) as caught:
        ordered(TABLE, where=parse_filter(text))

    assert caught.value.fix


def test_nothing_known_of_training() -> None:
    """A dataset without labels cannot be sorted by them, and says so."""
    with pytest.raises(InspectError, match="trained share"):
        ordered(RowTable(lengths=TABLE.lengths), sort=Sort.SHARE)


def test_place_of_a_row_that_is_filtered_out() -> None:
    """A row that the filter leaves out has no place."""
    order = ordered(TABLE, where=(Condition("length", ">", 20),))

    assert (order.place_of(3), order.place_of(0)) == (1, None)


@given(st.lists(st.integers(0, 50), max_size=60), st.booleans())
def test_every_row_once(lengths: list[int], descending: bool) -> None:
    """Sorting keeps every row, once, and the numbers in order."""
    table = RowTable(lengths=np.array(lengths, dtype=np.int32))

    rows = shown(ordered(table, sort=Sort.LENGTH, descending=descending))

    assert sorted(rows) == list(range(len(lengths)))
    assert [lengths[row] for row in rows] == sorted(lengths, reverse=descending)
