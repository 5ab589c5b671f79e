"""Folding loses nothing, keeps styles and never runs over the edge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inspect_tool.report.wrap import Segment, lines_of, wrapped

WORDS = st.text(st.sampled_from("ab 漢é🎉"), max_size=60)
LINES = st.lists(st.builds(Segment, WORDS, st.sampled_from(["", "1", "2"])), max_size=6)


def texts(line: list[Segment], width: int) -> list[str]:
    """Fold a line and return each part's text."""
    return ["".join(part.text for part in folded) for folded in wrapped(line, width)]


@given(LINES, st.integers(2, 30))
def test_nothing_is_lost(line: list[Segment], width: int) -> None:
    """The folded lines joined are the line, style by style."""
    styled = [(char, sgr) for text, sgr in line for char in text]

    folded = [(char, sgr) for part in wrapped(line, width) for text, sgr in part for char in text]

    assert folded == styled


@given(LINES, st.integers(2, 30))
def test_no_line_is_wider_than_asked(line: list[Segment], width: int) -> None:
    """Wide characters count two cells."""
    assert all(cell_len(text) <= width for text in texts(line, width))


@pytest.mark.parametrize(
    ("text", "width", "folded"),
    [
        ("one two three", 8, ["one two ", "three"]),
        ("one two", 7, ["one two"]),
        ("abc def", 3, ["abc", " ", "def"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("漢字漢字", 5, ["漢字", "漢字"]),
        ("漢", 1, ["漢"]),
        ("", 5, [""]),
    ],
)
def test_folding(text: str, width: int, folded: list[str]) -> None:
    """Lines end between words, or inside a word that is longer than a line."""
    assert texts([Segment(text)], width) == folded


def test_visible_spaces_fold_like_spaces() -> None:
    """A mark drawn for a space is a place to fold at."""
    folded = wrapped([Segment("one·two·three")], 8, space="·")

    assert ["".join(part.text for part in line) for line in folded] == ["one·two·", "three"]


@given(st.lists(st.builds(Segment, st.text(st.sampled_from("a\n"))), max_size=6))
def test_lines_end_at_newlines(segments: list[Segment]) -> None:
    """Every newline ends a line; a last line without one counts too."""
    text = "".join(segment.text for segment in segments)

    lines = ["".join(part.text for part in line) for line in lines_of(segments)]

    assert lines == (text.removesuffix("\n").split("\n") if text else [])


def test_a_megabyte_without_a_space() -> None:
    """A line as long as a sample folds in one pass."""
    assert len(texts([Segment("x" * 1_000_000)], 80)) == 12_500
