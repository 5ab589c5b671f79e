"""Whatever a dataset holds, what is drawn is printable and obeyed by no terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inspect_tool.samples.glyphs import BASE, safe, unknown_id
from tests.texts import CODE_POINTS

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Categories of characters that are invisible, move the cursor or stand for nothing."""

ANYTHING = st.text(st.characters(exclude_categories=()))


def test_every_character_is_made_printable() -> None:
    """No character of Unicode, surrogates included, leaves anything that is not printable."""
    wrong = [
        code
        for code in CODE_POINTS
        if not all(c.isprintable() or c == "\u3000" for c in safe(chr(code)))
    ]

    assert wrong == []


@given(ANYTHING)
def test_no_text_keeps_a_control(text: str) -> None:
    """Nothing invisible survives in any combination of characters."""
    assert not {unicodedata.category(char) for char in safe(text)} & UNSAFE


@given(ANYTHING)
def test_nothing_disappears(text: str) -> None:
    """Every character of the text is shown by at least one."""
    assert len(safe(text)) >= len(text)


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn"))))
def test_drawn_text_has_a_width(text: str) -> None:
    """Whatever is drawn takes at least one cell, so that a cursor can stand on it."""
    assert not text or cell_len(safe(text)) > 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [bold]text[/]", "plain [bold]text[/]"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("nul\x00del\x7f", "nul␀del␡"),
        ("\x9b31m", "⟨009B⟩31m"),
        ("abc\u202egnp", "abc⟨202E⟩gnp"),
        ("zero\u200bwidth\ufeff", "zero⟨200B⟩width⟨FEFF⟩"),
        ("\ud800", "⟨D800⟩"),
        ("line\u2028separator", "line⟨2028⟩separator"),
        ("a\xa0b", "a⍽b"),
        ("\U0001f1e9\U0001f1ea", "⟨D⟩⟨E⟩"),
        ("❤\ufe0f", "❤⟨FE0F⟩"),
        ("a\r\nb\tc", "a␍↵b→c"),
        ("漢字 🎉 été", "漢字 🎉 été"),
        ("\u0301e", f"{BASE}\u0301e"),
        ("", ""),
    ],
)
def test_shown(text: str, shown: str) -> None:
    """Each kind of troublesome character has its stand-in, ordinary text stays as it is."""
    assert safe(text) == shown


def test_layout_characters_as_asked() -> None:
    """The caller says how newline, tab and space are drawn."""
    assert safe("a b\n\t", newline="\n", tab="    ", space="·") == "a·b\n    "


def test_unknown_id_is_shown() -> None:
    """An id that the vocabulary does not have is shown by its number."""
    assert unknown_id(-7) == "⟨#-7⟩"
