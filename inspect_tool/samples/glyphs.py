"""The one way from dataset text to a screen: every character visible, none of them obeyed.

Dataset text is untrusted. A raw ESC repaints the terminal, a bidi override reorders a line, a
zero-width joiner hides, a variation selector makes a terminal and a layout disagree about width.
Whatever is not plainly printable becomes a visible stand-in whose width every terminal agrees on.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

NEWLINE: Final = "↵"
TAB: Final = "→"
SPACE: Final = "·"
NO_BREAK_SPACE: Final = "⍽"
CONTINUATION: Final = "⋅"
"""Stands for a token that only continues a character whose first byte an earlier token holds."""
BASE: Final = "◌"
"""Carries a combining mark that starts a token, so that the mark has a cell of its own."""

_CONTROL_PICTURES: Final = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
_WIDE_SPACE: Final = "\u3000"
_ALWAYS_ESCAPED: Final = re.compile(
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff\u115f\u1160\u3164\uffa0]"
)
"""Printable to Python, but variation selectors and skin tones change what came before, and Hangul
fillers are blank, some of them without a width."""
_REGIONAL_A: Final = 0x1F1E6
_REGIONAL_Z: Final = 0x1F1FF
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")


def unknown_id(token_id: int) -> str:
    """Return the stand-in for an id that the vocabulary does not have."""
    return f"⟨#{token_id}⟩"


def safe(text: str, *, newline: str = NEWLINE, tab: str = TAB, space: str = " ") -> str:
    """Return ``text`` with every character printable, visible and of a certain width.

    ``newline``, ``tab`` and ``space`` say how these three are drawn; controls become Unicode's
    control pictures; formats, surrogates, private and unassigned characters their code point in
    angle brackets. The result holds no control character unless ``newline`` or ``tab`` is one.
    """
    if _PLAIN.fullmatch(text):
        return text if space == " " else text.replace(" ", space)
    drawn = {"\n": newline, "\t": tab, " ": space}
    shown = "".join(drawn.get(char) or _visible(char) for char in text)
    return BASE + shown if shown and _extends(shown[0]) else shown


@lru_cache(maxsize=8192)
def _visible(char: str) -> str:
    code = ord(char)
    if code in _CONTROL_PICTURES:
        return _CONTROL_PICTURES[code]
    if char == "\xa0":
        return NO_BREAK_SPACE
    if _REGIONAL_A <= code <= _REGIONAL_Z:
        return f"⟨{chr(ord('A') + code - _REGIONAL_A)}⟩"
    if char == _WIDE_SPACE or (char.isprintable() and not _ALWAYS_ESCAPED.match(char)):
        return char
    return f"⟨{code:04X}⟩"


@lru_cache(maxsize=8192)
def _extends(char: str) -> bool:
    """Tell whether ``char`` would be drawn onto the character before it."""
    conjoining_jamo = 0x1160 <= ord(char) <= 0x11FF or 0xD7B0 <= ord(char) <= 0xD7FB
    return conjoining_jamo or unicodedata.category(char) in {"Mn", "Me", "Mc"}
