"""Lines of tokens: all of them, in order, within the width, broken where text breaks."""

from __future__ import annotations

from unicodedata import category

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inspect_tool.tui.drawn import draw
from inspect_tool.tui.layout import MIN_WIDTH, Layout, lay_out

CHARS = st.one_of(
    st.sampled_from("ab .,\n\n \t漢字🙂\u0301\u200d\u202e\x00\x1b"),
    st.characters(exclude_categories=()),
)
TOKENS = st.lists(st.text(CHARS, max_size=9), min_size=1, max_size=60)
WIDTHS = st.integers(1, 40)


def lines_of(layout: Layout, *, whitespace: bool = False) -> list[str]:
    """Every line of a layout as a screen shows it."""
    return [
        layout.drawn.shown(int(start), int(stop), whitespace=whitespace)
        for start, stop in zip(layout.lines, layout.lines[1:], strict=False)
    ]


def wrapped(*texts: str, width: int) -> list[str]:
    """The lines of tokens at a width, without the blank cells that newlines leave."""
    return [line.rstrip() for line in lines_of(lay_out(draw(texts), width))]


@given(TOKENS, WIDTHS)
def test_all_characters_are_drawn_once_and_in_order(texts: list[str], width: int) -> None:
    """The lines joined are the drawing."""
    layout = lay_out(draw(texts), width)

    assert "".join(lines_of(layout)) == layout.drawn.shown(
        0, len(layout.drawn.text), whitespace=False
    )


@given(TOKENS, WIDTHS, st.booleans())
def test_no_line_is_wider_than_the_width(texts: list[str], width: int, whitespace: bool) -> None:
    """Every line fits, measured as the screen measures it, and no wide character is cut."""
    layout = lay_out(draw(texts), width)

    widths = [cell_len(line) for line in lines_of(layout, whitespace=whitespace)]
    assert max(widths) <= max(width, MIN_WIDTH)
    assert widths == [layout.cells_on(line) for line in range(layout.height)]


@given(TOKENS, WIDTHS, st.booleans())
def test_every_token_stands_on_its_lines(texts: list[str], width: int, show_ids: bool) -> None:
    """Each token is found on every line from its first to its last, and on no other."""
    ids = np.arange(len(texts))
    layout = lay_out(draw(texts, ids=ids, show_ids=show_ids), width)

    found: dict[int, list[int]] = {}
    for line in range(layout.height):
        for token in layout.tokens_on(line):
            found.setdefault(token, []).append(line)
    assert found == {
        token: list(range(layout.line_of(token), layout.last_line_of(token) + 1))
        for token in range(len(texts))
    }


@given(TOKENS, WIDTHS, st.booleans())
def test_parts_of_a_line_are_its_characters(texts: list[str], width: int, show_ids: bool) -> None:
    """The runs that a line is painted from follow one another without a gap."""
    layout = lay_out(draw(texts, ids=np.arange(len(texts)), show_ids=show_ids), width)

    for line in range(layout.height):
        parts = list(layout.parts(line))
        bounds = [parts[0][1], *(stop for _, _, stop, _ in parts)]
        assert all(start < stop for _, start, stop, _ in parts)
        assert [start for _, start, _, _ in parts] == bounds[:-1]
        assert (bounds[0], bounds[-1]) == (layout.lines[line], layout.lines[line + 1])


@given(TOKENS, WIDTHS)
def test_every_newline_ends_a_line(texts: list[str], width: int) -> None:
    """Whatever follows a newline of the text begins a line."""
    layout = lay_out(draw(texts), width)

    text = layout.drawn.text
    after = {at + 1 for at, char in enumerate(text) if char == "\n"}
    assert after <= set(layout.lines.tolist())


@given(TOKENS, WIDTHS)
def test_no_line_begins_with_a_mark_of_the_line_before(texts: list[str], width: int) -> None:
    """A combining mark stays with its character: no line begins with one."""
    layout = lay_out(draw(texts), width)

    firsts = [layout.drawn.text[start] for start in layout.lines[:-1].tolist()]
    assert not any(category(char) in {"Mn", "Me"} and cell_len(char) == 0 for char in firsts)


@given(TOKENS, WIDTHS)
def test_a_cell_leads_back_to_its_token(texts: list[str], width: int) -> None:
    """The token at the cell where a token begins is that token."""
    layout = lay_out(draw(texts), width)

    for token in range(len(texts)):
        line = layout.line_of(token)
        assert layout.token_at(line, layout.x_of(token, line)) == token


@given(st.lists(st.text(CHARS, max_size=9), min_size=2, max_size=60), WIDTHS, st.data())
def test_a_beginning_is_laid_out_as_in_the_whole(
    texts: list[str], width: int, data: st.DataObject
) -> None:
    """What is shown before the rest is drawn stays where it is, its last word apart."""
    count = data.draw(st.integers(1, len(texts)))
    whole, start = lay_out(draw(texts), width), lay_out(draw(texts[:count]), width)

    last_word = int(start.drawn.breaks[-2])
    settled = start.lines[start.lines < last_word]
    assert settled.tolist() == whole.lines[: len(settled)].tolist()


def test_words_wrap() -> None:
    """A line ends before the white space that begins the first word that does not fit."""
    assert wrapped("The", " quick", " brown", " fox", width=12) == ["The quick", " brown fox"]


def test_a_word_of_several_tokens_stays_whole() -> None:
    """Tokens that no white space separates are one word."""
    assert wrapped("un", "der", " stand", "able", width=12) == ["under", " standable"]


def test_a_long_word_is_cut_between_tokens() -> None:
    """A word longer than a line is cut at a token boundary where there is one."""
    assert wrapped("abcd", "efgh", "ijkl", width=11) == ["abcdefgh", "ijkl"]


def test_a_token_longer_than_a_line_is_cut() -> None:
    """A token that fits on no line fills lines."""
    assert wrapped("x" * 25, width=11) == ["x" * 10, "x" * 10, "x" * 5]


def test_text_goes_on_after_a_long_word() -> None:
    """The last line of a word that was cut is filled with what follows."""
    assert wrapped("x" * 12, " ab", " cd", width=9) == ["xxxxxxxx", "xxxx ab", " cd"]


def test_a_line_that_fits_exactly_is_followed_by_no_empty_one() -> None:
    """A newline hangs over the edge rather than begin a line that the text does not have."""
    assert wrapped("abcdefgh\n", "next", width=9) == ["abcdefgh", "next"]


def test_empty_lines_are_kept() -> None:
    """Newlines that follow one another make empty lines."""
    assert wrapped("a\n\n\n", "b", width=20) == ["a", "", "", "b"]


def test_a_last_newline_opens_no_line() -> None:
    """Nothing stands after a newline at the end, so nothing is drawn for it."""
    assert wrapped("a\n", width=20) == ["a"]


def test_wide_characters_fill_lines() -> None:
    """Text without spaces breaks between wide characters, never within one."""
    assert wrapped("Hello", " 漢字", "漢字漢字", width=10) == ["Hello 漢", "字漢字漢", "字"]


def test_an_id_stays_on_the_line_of_its_newline() -> None:
    """The id of a newline token is drawn before the line ends."""
    layout = lay_out(draw(["a", "\n", "b"], ids=np.array([5, 13, 7]), show_ids=True), 20)

    assert lines_of(layout, whitespace=True) == ["a₅↵₁₃", "b₇"]


def test_an_id_within_a_token_of_two_lines_stands_at_its_end() -> None:
    """A token with a newline inside is followed by its id, on its second line."""
    layout = lay_out(draw(["a\nb"], ids=np.array([5]), show_ids=True), 20)

    assert lines_of(layout, whitespace=True) == ["a↵", "b₅"]


def test_no_tokens_make_no_lines() -> None:
    """An empty sequence is laid out as nothing."""
    assert lay_out(draw([]), 20).height == 0


@pytest.mark.parametrize("text", ["x", "漢", " x", "漢x "])
def test_a_megabyte_without_a_newline_is_laid_out(text: str) -> None:
    """A very long line is wrapped within the width, with or without words."""
    layout = lay_out(draw([text * (1_000_000 // len(text))]), 80)

    assert np.diff(layout.drawn.cells[layout.lines]).max() <= 80


def test_ids_do_not_push_a_newline_off_its_line() -> None:
    """A newline token never stands alone on a line that the text does not have."""
    layout = lay_out(draw(["ab", "cd", "\n"], ids=np.array([1, 2, 13]), show_ids=True), 8)

    assert lines_of(layout, whitespace=True) == ["ab₁", "cd₂↵₁₃"]
