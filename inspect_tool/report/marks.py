"""How a run of tokens is drawn: by colour and style, or between marks where there is no colour.

The marks close around whole runs, never around single tokens. A mark's own characters in dataset
text are shown as their code points, so that text cannot pretend to be trained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tool.report.wrap import Segment
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inspect_tool.report.look import Look


@dataclass(frozen=True, slots=True)
class Piece:
    """Raw text of neighbouring tokens that are drawn alike; ``aside`` is drawn dim after it.

    ``trained`` is None where nothing is stored about it.
    """

    text: str
    trained: bool | None = None
    special: bool = False
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """What opens and closes trained runs and special tokens, in one set of characters."""

    trained: tuple[str, str]
    special: tuple[str, str]
    newline: str
    tab: str
    space: str
    bar: str
    """Two of it and a space begin a line of ours."""
    separator: str

    def escaped(self, text: str) -> str:
        """Return safe text in which none of these marks occurs and no line begins like ours."""
        for mark in (*self.trained, *self.special):
            if mark in text:
                shown = "".join(f"\\{char}" for char in mark)
                text = text.replace(mark, shown if mark.isascii() else f"⟨{ord(mark):04X}⟩")
        begin = f"{self.bar * 2} "
        if begin in text:
            shown = f"\\{begin}" if begin.isascii() else f"⟨{ord(self.bar):04X}⟩{begin[1:]}"
            text = re.sub(f"^{begin}", lambda _: shown, text, flags=re.MULTILINE)
        return text


UNICODE = Marks(("⟦", "⟧"), ("⟪", "⟫"), "↵", "→", "·", "─", " · ")
ASCII = Marks(("{+", "+}"), ("{|", "|}"), "\\n", "\\t", "~", "=", " - ")
"""Trained as git's word diff marks what was added."""

HEADING = "1"
ASIDE = "2"
TROUBLE = "31"

_SGR = {
    (True, False): "1;32",
    (True, True): "1;4;35",
    (False, False): "2",
    (False, True): "35",
    (None, False): "",
    (None, True): "35",
}
"""Trained stands out by weight as well as by colour, masked text is dim; special is magenta."""

_TO_ASCII = {0x2400 + code: f"\\x{code:02x}" for code in range(0x20)} | {
    ord("␡"): "\\x7f",
    ord("⟨"): "<",
    ord("⟩"): ">",
    ord("⍽"): "\\xa0",
}


def marks_of(look: Look) -> Marks:
    """Return the marks in characters that the output can carry."""
    return UNICODE if look.unicode else ASCII


def ascii_only(text: str) -> str:
    """Return safe text with every other character as an escape."""
    return text.translate(_TO_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def drawn_text(text: str, look: Look) -> str:
    """Return dataset text as ``look`` shows it: safe, newlines kept, white space on request."""
    marks = marks_of(look)
    shown = safe(
        text,
        newline=f"{marks.newline}\n" if look.whitespace else "\n",
        tab=marks.tab.ljust(4) if look.whitespace else "    ",
        space=marks.space if look.whitespace else " ",
    )
    if not look.unicode:
        shown = ascii_only(shown)
    return shown if look.color else marks.escaped(shown)


def drawn(pieces: Iterable[Piece], look: Look) -> Iterator[Segment]:
    """Yield the pieces of one sequence as safe segments, in colour or between marks."""
    return _colored(pieces, look) if look.color else _marked(pieces, look)


def _colored(pieces: Iterable[Piece], look: Look) -> Iterator[Segment]:
    for piece in pieces:
        text, after = _split_newline(drawn_text(piece.text, look), piece, look)
        yield Segment(text, _SGR[piece.trained, piece.special])
        if piece.aside:
            yield Segment(piece.aside, ASIDE)
            yield Segment(after)


def _marked(pieces: Iterable[Piece], look: Look) -> Iterator[Segment]:
    marks = marks_of(look)
    inside = False
    for piece in pieces:
        if bool(piece.trained) != inside:
            inside = not inside
            yield Segment(marks.trained[0 if inside else 1])
        text, after = _split_newline(drawn_text(piece.text, look), piece, look)
        opened, closed = marks.special if piece.special else ("", "")
        yield Segment(f"{opened}{text}{closed}{piece.aside}{after}")
    if inside:
        yield Segment(marks.trained[1])


def _split_newline(text: str, piece: Piece, look: Look) -> tuple[str, str]:
    """Keep what is said about a token on its own line, before the line break that it ends with."""
    if piece.aside and text.endswith("\n"):
        mark = "" if look.whitespace else marks_of(look).newline
        return text[:-1] + mark, "\n"
    return text, ""


def legend(look: Look) -> list[Segment]:
    """Return one line that explains the colours or marks."""
    samples = (Piece("trained", trained=True), Piece("  masked  ", trained=False))
    token = Piece("special token", trained=False, special=True)
    return list(drawn((*samples, token), look))
