"""A diff as text: what came of each target, one example of each cause, nothing hostile."""

from __future__ import annotations

from typing import Any

from inspect_tool.prompts.diff.align import Region
from inspect_tool.prompts.diff.results import (
    Comparison,
    Difference,
    DiffReport,
    Failure,
    Side,
    Stop,
)
from inspect_tool.report.diff_text import diff_text
from inspect_tool.report.look import Look

FINE = Stop((2,), (2,), ok=True)


def side(*texts: str) -> Side:
    """Tokens with these texts and ids counted from 100."""
    return Side.of(range(100, 100 + len(texts)), list(texts))


def comparison(
    *differences: Difference, row: int = 0, stop: Stop = FINE, inferred: tuple[str, ...] = ()
) -> Comparison:
    """Ten words against nine, the fifth of training's being `e `."""
    train = side(*(f"{char} " for char in "abcdefghij"))
    inference = side(*(f"{char} " for char in "abcdXfghij")) if differences else train
    return Comparison(
        row, "datasets.0", 0, "text:p.txt", train, inference, differences, stop, inferred
    )


def difference(cause: str = "D-TEMPLATE", **more: Any) -> Difference:
    """The fifth word is another."""
    return Difference(Region(4, 5, 4, 5), cause, f"said by {cause}", "mend it", **more)


def text_of(
    *items: Comparison, failures: tuple[Failure, ...] = (), look: Look | None = None
) -> str:
    """Return the text of a report of these."""
    return diff_text(DiffReport(("text:p.txt",), items, failures), look or Look())


def test_agreement_is_one_line() -> None:
    """Where all agrees there is a heading and nothing else."""
    assert text_of(comparison(), comparison(row=1)).split("\n")[0].endswith("all 2 rows agree ──")


def test_rows_are_counted_by_cause() -> None:
    """Causes are counted in rows, not in differences."""
    text = text_of(comparison(difference(), difference()), comparison(difference(), row=3))

    assert "2 of 2 rows differ" in text
    assert "D-TEMPLATE           2 rows" in text


def test_both_sides_stand_below_each_other() -> None:
    """Tokens that differ have their ids; what is equal stands around them."""
    lines = text_of(comparison(difference())).split("\n")

    assert "    a·b·c·d·" in lines
    assert "  - e·[104]   (training, D-TEMPLATE)" in lines
    assert "  + X·[104]   (inference, D-TEMPLATE)" in lines
    assert "    f·g·h·i·j·" in lines


def test_equal_runs_are_folded() -> None:
    """Of many equal tokens only those next to the difference are shown."""
    train, inference = side(*["a "] * 500, "x"), side(*["a "] * 500)
    found = Difference(Region(500, 501, 500, 500), "D-GENPROMPT", "said", "mend it")
    item = Comparison(0, "datasets.0", 0, "text:p.txt", train, inference, (found,), FINE)

    text = text_of(item)

    assert "    ... 492 tokens ... a·a·a·a·a·a·a·a·" in text
    assert "  + nothing" in text


def test_what_is_not_proven_says_so() -> None:
    """A cause that no second rendering proved is likely, not certain."""
    assert "D-TEMPLATE: likely: said by D-TEMPLATE" in text_of(comparison(difference()))
    assert "D-BOS: said by D-BOS" in text_of(comparison(difference("D-BOS", proven=True)))


def test_equal_text_with_other_ids_says_so() -> None:
    """Where both sides read alike that is said."""
    assert "(training, D-BOUNDARY, same text)" in text_of(
        comparison(difference("D-BOUNDARY", same_text=True))
    )


def test_what_was_inferred_is_named() -> None:
    """Placeholders that were looked for are named."""
    text = text_of(comparison(difference(), inferred=("nlq", "cols")))

    assert "inferred from the training text: {nlq}, {cols}" in text


def test_stops_that_differ_have_their_fix() -> None:
    """A wrong stop is told without tokens, for the prompts are the same."""
    text = text_of(comparison(stop=Stop((5,), (2,), ok=False, message="no stop", fix="stop on 5")))

    assert "D-STOPSET: no stop" in text
    assert "fix: stop on 5" in text
    assert "(training" not in text


def test_reasons_of_failures_are_told_once() -> None:
    """Rows that failed for the same reason are counted."""
    failures = tuple(Failure(row, "text:p.txt", "no match") for row in (4, 5, 6))

    text = text_of(failures=failures)

    assert "no row compared" in text
    assert "not compared: raw row 4 and 2 more: text:p.txt: no match" in text


def test_colour_tells_the_sides_apart() -> None:
    """In colour what only one side has is red or green."""
    text = text_of(comparison(difference()), look=Look(color=True))

    assert "\x1b[1;31me·\x1b[0m" in text
    assert "\x1b[1;32mX·\x1b[0m" in text


def test_nothing_hostile_reaches_a_terminal() -> None:
    """Controls in tokens, messages and names are shown, not obeyed."""
    train, inference = side("\x1b[2J", "b"), side("\u202ea", "b")
    found = Difference(Region(0, 1, 0, 1), "D-TEMPLATE", "said \x1b[31m", "mend \x07 it")
    item = Comparison(0, "", 0, "text:p.txt", train, inference, (found,), FINE, ("\x1b",))

    text = text_of(item, failures=(Failure(1, None, "\x1b]0;x\x07"),))

    assert not [char for char in text if not char.isprintable() and char != "\n"]


def test_ascii_alone_where_nothing_else_can_be_printed() -> None:
    """Without Unicode every character is ASCII."""
    assert text_of(comparison(difference()), look=Look(unicode=False)).isascii()
