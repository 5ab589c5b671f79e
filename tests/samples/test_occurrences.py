"""Occurrences of a text or an id in one sequence: exact, in order, and gone round."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.samples.occurrences import occurrences_of_id, occurrences_of_text

TEXTS = ["He", "llo", " wor", "", "ld hello", "hel", "lo"]


def test_a_text_is_found_across_tokens() -> None:
    """An occurrence begins in a token and marks every token that it touches."""
    found = occurrences_of_text(TEXTS, "hello")

    assert found.firsts.tolist() == [0, 4, 5]
    assert found.tokens.tolist() == [True, True, False, False, True, True, True]


def test_a_capital_makes_case_count() -> None:
    """A needle with an upper-case letter is found only as it is written."""
    assert occurrences_of_text(TEXTS, "Hello").firsts.tolist() == [0]


def test_a_needle_is_no_pattern() -> None:
    """Characters that mean something in a regular expression are characters here."""
    assert occurrences_of_text(["a.c", "abc"], "a.c").firsts.tolist() == [0]


def test_an_empty_needle_is_nowhere() -> None:
    """Nothing is found when nothing is looked for."""
    assert len(occurrences_of_text(TEXTS, "")) == 0


def test_an_id_is_found() -> None:
    """Every token with the id is an occurrence."""
    found = occurrences_of_id(np.array([5, 7, 5]), 5)

    assert (found.firsts.tolist(), found.tokens.tolist()) == ([0, 2], [True, False, True])


def test_the_next_occurrence_goes_round() -> None:
    """After the last occurrence comes the first, and before the first the last."""
    found = occurrences_of_id(np.array([5, 7, 5, 7]), 5)

    assert [found.next(at) for at in range(4)] == [1, 1, 0, 0]
    assert [found.next(at, forward=False) for at in range(4)] == [1, 0, 0, 1]


def test_an_occurrence_at_the_cursor_counts_if_asked() -> None:
    """A search that begins at a token may find what begins there."""
    found = occurrences_of_id(np.array([5, 7, 5, 7]), 5)

    assert found.next(2, inclusive=True) == 1
    assert found.next(2, forward=False, inclusive=True) == 1


def test_nothing_follows_nothing() -> None:
    """Without occurrences there is no next one."""
    assert occurrences_of_id(np.array([1]), 5).next(0) is None


@given(st.lists(st.text("ab", max_size=4), min_size=1, max_size=20), st.text("ab", min_size=1))
def test_each_occurrence_begins_where_the_text_has_it(texts: list[str], needle: str) -> None:
    """The text from an occurrence's token on has the needle beginning within that token."""
    found = occurrences_of_text(texts, needle)

    for token in found.firsts.tolist():
        place = "".join(texts[token:]).find(needle)
        assert 0 <= place < len(texts[token])
    assert bool(len(found)) == (needle in "".join(texts))
