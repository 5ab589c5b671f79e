"""Which rows a page shows."""

from __future__ import annotations

from inspect_tool.findings import Finding
from inspect_tool.report.html_rows import chosen_rows, marks_of_rows

ERROR = Finding("L-A", "error", "a", rows=(7, 8, 9), count=3)
WARNING = Finding("L-B", "warning", "b", rows=(4, 7), count=2)
INFO = Finding("L-C", "info", "c", rows=range(100), count=100)


def test_problems_take_turns() -> None:
    """Each finding has an example before any has two; then come the first rows."""
    assert chosen_rows([ERROR, WARNING], 100, limit=8) == [7, 4, 8, 9, 0, 1, 2, 3]


def test_first_rows_keep_their_share() -> None:
    """However many problem rows there are, a quarter of the page is for the first rows."""
    many = Finding("L-A", "error", "a", rows=range(50, 100), count=50)

    assert chosen_rows([many], 100, limit=8) == [50, 51, 52, 53, 54, 55, 0, 1]


def test_remarks_give_no_rows() -> None:
    """A finding that is no problem brings nothing to the front."""
    assert chosen_rows([INFO], 100, limit=3) == [0, 1, 2]


def test_rows_asked_for_are_all_shown() -> None:
    """Rows that a person names are shown in that order, each once, whatever the limit."""
    assert chosen_rows([ERROR], 100, asked=[5, 3, 5], limit=1) == [5, 3]


def test_a_short_dataset_is_shown_whole() -> None:
    """There are no more rows than there are."""
    assert chosen_rows([], 3, limit=20) == [0, 1, 2]


def test_a_limit_of_nothing_shows_nothing() -> None:
    """The census and the findings alone can be asked for."""
    assert chosen_rows([ERROR], 100, limit=0) == []


def test_marks_name_the_findings_of_a_row() -> None:
    """A row carries its problems by their place on the page, without remarks."""
    marks = marks_of_rows([ERROR, WARNING, INFO], [7, 8, 0])

    assert {row: [mark.number for mark in found] for row, found in marks.items()} == {
        7: [1, 2],
        8: [1],
        0: [],
    }
