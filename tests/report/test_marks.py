"""Marks close around runs; what is between them is the text, whatever the text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.report.look import Look
from inspect_tool.report.marks import Piece, ascii_only, drawn, drawn_text, marks_of
from inspect_tool.samples.glyphs import safe

TEXTS = st.text(st.sampled_from("ab {}+|\n\t⟦⟧⟪⟫─=é漢\x1b\u202e"), max_size=12)
PIECES = st.lists(
    st.builds(Piece, TEXTS, st.sampled_from([True, False, None]), st.booleans()), max_size=8
)


@pytest.mark.parametrize("unicode", [True, False])
@given(pieces=PIECES)
def test_colored_text_is_kept(unicode: bool, pieces: list[Piece]) -> None:
    """In colour nothing but the safe text of all pieces is drawn."""
    look = Look(color=True, unicode=unicode)

    shown = "".join(segment.text for segment in drawn(pieces, look))

    assert shown == "".join(drawn_text(piece.text, look) for piece in pieces)


@pytest.mark.parametrize("whitespace", [True, False])
@given(pieces=PIECES)
def test_marked_text_is_kept(whitespace: bool, pieces: list[Piece]) -> None:
    """Without its marks what is drawn is the safe text of all pieces."""
    look = Look(whitespace=whitespace)
    marks = marks_of(look)
    without = str.maketrans("", "", "".join((*marks.trained, *marks.special)))

    shown = "".join(segment.text for segment in drawn(pieces, look))

    assert shown.translate(without) == "".join(drawn_text(piece.text, look) for piece in pieces)


@given(pieces=PIECES)
def test_marks_open_and_close(pieces: list[Piece]) -> None:
    """Each run is opened once and closed once, never inside another of its kind."""
    shown = "".join(segment.text for segment in drawn(pieces, Look()))

    runs = [char for char in shown if char in "⟦⟧"]
    assert runs == ["⟦", "⟧"] * (len(runs) // 2)
    assert shown.count("⟪") == shown.count("⟫") == sum(piece.special for piece in pieces)


@given(pieces=PIECES)
def test_what_is_trained_stands_between_marks(pieces: list[Piece]) -> None:
    """Reading the marks back gives which text is trained."""
    shown = "".join(segment.text for segment in drawn(pieces, Look()))
    trained = "".join(part.partition("⟧")[0] for part in shown.split("⟦")[1:])

    expected = [drawn_text(piece.text, Look()) for piece in pieces if piece.trained]
    assert trained.replace("⟪", "").replace("⟫", "") == "".join(expected)


@given(text=st.text(st.characters(exclude_categories=())))
def test_ascii_is_printable_ascii(text: str) -> None:
    """Whatever the text, its ASCII form is ASCII and shows every character."""
    shown = ascii_only(safe(text, newline=" "))

    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) >= len(text)


def test_what_is_said_of_a_token_stands_on_its_line() -> None:
    """A note about a token that ends a line comes before the line ends."""
    shown = "".join(segment.text for segment in drawn([Piece("a\n", aside="[7]")], Look()))

    assert shown == "a↵[7]\n"
