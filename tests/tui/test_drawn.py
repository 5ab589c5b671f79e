"""Glyphs of tokens: each visible, each measured as the screen will measure it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tokenizers import Tokenizer

from inspect_tool.samples import glyphs
from inspect_tool.samples.sample import TokenSequence
from inspect_tool.samples.vocabulary import Vocabulary
from inspect_tool.tui.drawn import TAB_CELLS, Drawn, draw, token_texts
from tests.texts import CODE_POINTS

if TYPE_CHECKING:
    from pathlib import Path


ANY = st.characters(exclude_categories=())
"""Any code point, surrogates included."""


def shown(drawn: Drawn, *, whitespace: bool = False) -> str:
    """All of a drawing as a screen shows it, without line breaks."""
    return drawn.shown(0, len(drawn.text), whitespace=whitespace)


def encode(folder: Path, text: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Token ids of a text by the library, without special tokens added."""
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return np.array(library.encode(text, add_special_tokens=False).ids, dtype=np.int32)


def test_cells_are_what_the_screen_measures_for_every_code_point() -> None:
    """Every code point's glyphs have a cell, and as many as rich and Textual count."""
    drawn = draw([chr(code) for code in CODE_POINTS])

    sizes = np.diff(drawn.cells[drawn.starts])
    _, firsts = np.unique([ord(char) for char in drawn.text], return_index=True)
    theirs = [cell_len(drawn.shown(at, at + 1, whitespace=False)) for at in firsts.tolist()]
    assert sizes.min() >= 1
    assert np.diff(drawn.cells)[firsts].tolist() == theirs


@given(st.lists(st.text(ANY, max_size=12), min_size=1, max_size=30), st.booleans())
def test_shown_text_is_as_wide_as_measured(texts: list[str], whitespace: bool) -> None:
    """The cells of a drawing are those of its text, whether white space is shown or not."""
    drawn = draw(texts)

    assert cell_len(shown(drawn, whitespace=whitespace)) == int(drawn.cells[-1])


@given(st.lists(st.text(ANY, max_size=12), max_size=30))
def test_shown_text_is_printable(texts: list[str]) -> None:
    """Whatever the text, only printable characters reach the screen."""
    assert shown(draw(texts)).isprintable()


def test_a_token_without_text_has_a_mark() -> None:
    """A token that continues a split character is drawn as a continuation."""
    assert shown(draw(["漢", "", ""])) == "漢" + glyphs.CONTINUATION * 2


def test_a_newline_is_blank_until_white_space_is_shown() -> None:
    """A newline's cell is blank, and the same cell holds its mark when white space is shown."""
    drawn = draw(["a\n"])

    assert (shown(drawn), shown(drawn, whitespace=True)) == ("a ", "a↵")


def test_a_tab_keeps_its_width() -> None:
    """A tab takes the same cells with and without its mark."""
    drawn = draw(["\t"])

    assert (shown(drawn), shown(drawn, whitespace=True)) == (
        " " * TAB_CELLS,
        glyphs.TAB + " " * (TAB_CELLS - 1),
    )


def test_spaces_have_marks() -> None:
    """Spaces are dots when white space is shown."""
    assert shown(draw([" a b"]), whitespace=True) == "·a·b"


def test_control_characters_are_not_taken_for_ours() -> None:
    """U+0001 in a text is drawn as its picture, not as the filling of a tab."""
    assert shown(draw(["\x01\t"])) == "␁" + " " * TAB_CELLS


@pytest.mark.parametrize("text", ["\n\u0301", "a\n\u0301b"])
def test_a_mark_after_a_newline_has_a_base(text: str) -> None:
    """A combining mark that begins a line is drawn on a base of its own."""
    assert glyphs.BASE + "\u0301" in shown(draw([text]))


def test_ids_follow_their_tokens() -> None:
    """With ids, each token's id is drawn after it in small digits."""
    drawn = draw(["Hi", " you"], ids=np.array([523, 1]), show_ids=True)

    assert shown(drawn) == "Hi₅₂₃ you₁"


def test_a_negative_id_is_drawn_too() -> None:
    """Damaged data may hold any id."""
    assert shown(draw(["x"], ids=np.array([-7]), show_ids=True)) == "x₋₇"


def test_an_id_past_the_vocabulary_is_named(mistral_dir: Path) -> None:
    """An id that the vocabulary does not have is shown as such."""
    vocabulary = Vocabulary.load(mistral_dir)
    ids = np.array([1, 99_999], dtype=np.int32)

    drawn = draw(vocabulary.texts(ids), ids=ids, vocabulary=vocabulary)

    assert shown(drawn) == "<s>" + glyphs.unknown_id(99_999)


def test_texts_join_to_the_decoded_text(mistral_dir: Path) -> None:
    """The texts of a sequence's tokens are its decoded text, byte tokens included."""
    text = "def f():\n\treturn '漢字 🙂 \x07'"
    sequence = TokenSequence("input_ids", encode(mistral_dir, text))

    assert "".join(token_texts(sequence, Vocabulary.load(mistral_dir))) == text


def test_without_a_vocabulary_ids_are_the_text() -> None:
    """A sequence whose tokenizer is missing shows its ids."""
    sequence = TokenSequence("input_ids", np.array([1, 22557, 2]))

    assert shown(draw(token_texts(sequence, None))) == " 1 22557 2"


def test_stored_text_is_taken_by_words() -> None:
    """A text stored without ids is cut into words that join to it."""
    text = "one two\n\n  three\t\tfour "
    sequence = TokenSequence("prompt", np.array([], dtype=np.int32), stored_text=text)

    words = token_texts(sequence, None)

    assert ("".join(words), words[:3]) == (text, ["one", " two", "\n"])
