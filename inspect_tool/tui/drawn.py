"""What a sequence looks like at any width: glyphs of every token, their cells, where lines may end.

This is the half of the layout that a resize keeps. It is arrays over characters, never objects
per token, so that a sample of hundreds of thousands of tokens costs milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.cells import get_character_cell_size

from inspect_tool.samples import glyphs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

TAB_CELLS: Final = 4
"""Cells of a tab, wherever it stands: token boundaries matter more here than tab stops."""

_NEWLINE: Final = "\n"
_TAB: Final = "\t"
_TAB_PAD: Final = "\x01"
"""Fills a tab's cells; no text holds it, because glyphs.safe draws the real U+0001 as ␁."""
_HIDDEN: Final = {ord(_NEWLINE): " ", ord(_TAB): " ", ord(_TAB_PAD): " "}
_SHOWN: Final = {
    ord(_NEWLINE): glyphs.NEWLINE,
    ord(_TAB): glyphs.TAB,
    ord(_TAB_PAD): " ",
    ord(" "): glyphs.SPACE,
}
_SUBSCRIPTS: Final = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")

_WORDS: Final = re.compile(r"\n|[^\S\n]*\S+|[^\S\n]+")

_WIDTHS: Final = np.full(0x110000, -1, dtype=np.int8)
"""Cells of each code point, -1 until it is first met."""
_WIDTHS[0x20:0x7F] = 1
_WIDTHS[[ord(_NEWLINE), ord(_TAB), ord(_TAB_PAD)]] = 1


@dataclass(frozen=True, eq=False)
class Drawn:
    """The glyphs of n tokens in c characters, ready to be broken into lines of any width.

    ``text`` still holds placeholders for newlines and tabs: only ``shown`` makes it fit for a
    screen. ``starts`` int32[n + 1] is the first character of each token; ``id_starts`` int32[n]
    where its id is drawn, or None. ``cells`` int32[c + 1] counts cells before each character,
    ``fit`` int32[c + 1] the same without newline cells, which may hang over a line's end.
    ``breaks`` int32[b] are the characters that may begin a line, from 0 to c, ascending, and
    ``forced`` bool[b] tells which of them must.
    """

    text: str
    starts: NDArray[np.int32]
    id_starts: NDArray[np.int32] | None
    cells: NDArray[np.int32]
    fit: NDArray[np.int32]
    breaks: NDArray[np.int32]
    forced: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def shown(self, start: int, stop: int, *, whitespace: bool) -> str:
        """Return characters ``[start, stop)`` as a screen draws them."""
        return self.text[start:stop].translate(_SHOWN if whitespace else _HIDDEN)


def token_texts(sequence: TokenSequence, vocabulary: Vocabulary | None) -> list[str]:
    """Return the decoded text of each token; a sequence stored as text gives its words instead.

    Joined they are the sequence's text. Without a vocabulary the texts are the ids.
    """
    if not len(sequence) and sequence.stored_text is not None:
        return _WORDS.findall(sequence.stored_text)
    if vocabulary is None:
        return [f" {token_id}" for token_id in sequence.ids.tolist()]
    return vocabulary.texts(sequence.ids)


def draw(
    texts: Sequence[str],
    *,
    ids: NDArray[np.integer[Any]] | None = None,
    vocabulary: Vocabulary | None = None,
    show_ids: bool = False,
    notes: Sequence[str] | None = None,
) -> Drawn:
    """Draw ``texts``, one per token; ``ids`` int[n] names those without text, or all of them.

    Every token gets at least one cell: one without text is a continuation of the character
    before it, or an id that ``vocabulary`` does not have. ``notes``, one per token and made by us,
    are drawn after the tokens in the place of ids; one that ends in a newline ends the line.
    """
    drawable = {text: _drawable(text) for text in set(texts)}
    pieces = [drawable[text] for text in texts]
    if ids is not None and vocabulary is not None:
        _name_unknown(pieces, texts, ids, vocabulary)
    sizes = np.fromiter(map(len, pieces), np.int32, len(pieces))
    if notes is None and show_ids and ids is not None:
        labels = {token_id: subscript(str(token_id)) for token_id in set(ids.tolist())}
        notes = [labels[token_id] for token_id in ids.tolist()]
    if notes is not None:
        pieces = [piece + note for piece, note in zip(pieces, notes, strict=True)]
        whole = np.fromiter(map(len, pieces), np.int32, len(pieces))
        return _measure("".join(pieces), _offsets(whole), sizes)
    return _measure("".join(pieces), _offsets(sizes), None)


def subscript(digits: str) -> str:
    """Return digits as small ones, set apart from the text that they follow."""
    return digits.translate(_SUBSCRIPTS)


def _drawable(text: str) -> str:
    if not text:
        return glyphs.CONTINUATION
    if text.isascii() or _NEWLINE not in text:
        return _safe(text)
    # A mark that follows a newline must not fall on whatever ends up before it on the screen.
    return _NEWLINE.join(_safe(part) for part in text.split(_NEWLINE))


def _safe(text: str) -> str:
    return glyphs.safe(text, newline=_NEWLINE, tab=_TAB + _TAB_PAD * (TAB_CELLS - 1))


def _name_unknown(
    pieces: list[str],
    texts: Sequence[str],
    ids: NDArray[np.integer[Any]],
    vocabulary: Vocabulary,
) -> None:
    """Replace the glyphs of ids that the vocabulary does not have, in place."""
    empty = np.fromiter(map(len, texts), np.int32, len(texts)) == 0
    for index in np.flatnonzero(empty).tolist():
        token_id = int(ids[index])
        if vocabulary.piece(token_id) is None:
            pieces[index] = glyphs.unknown_id(token_id)


def _offsets(sizes: NDArray[np.int32]) -> NDArray[np.int32]:
    offsets = np.zeros(len(sizes) + 1, dtype=np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def _measure(text: str, starts: NDArray[np.int32], sizes: NDArray[np.int32] | None) -> Drawn:
    """Measure every character; ``sizes`` int32[n] is each token's length without its id."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    widths = _cell_widths(codes)
    newline = codes == ord(_NEWLINE)
    id_starts = None if sizes is None else starts[:-1] + sizes
    may = _soft_breaks(codes, widths)
    if id_starts is not None:
        after_note = starts[1:-1][starts[1:-1] > id_starts[:-1]]
        # A newline token stays on the line that it ends.
        may[after_note] = ~newline[after_note]
    must = np.zeros(len(codes) + 1, dtype=np.bool_)
    must[_line_ends(newline, starts, id_starts)] = True
    must[[0, -1]] = True
    breaks = np.flatnonzero(may | must).astype(np.int32)
    return Drawn(
        text=text,
        starts=starts,
        id_starts=id_starts,
        cells=_offsets(widths),
        fit=_offsets(np.where(newline, 0, widths).astype(np.int32)),
        breaks=breaks,
        forced=must[breaks],
    )


def _cell_widths(codes: NDArray[np.uint32]) -> NDArray[np.int32]:
    widths = _WIDTHS[codes]
    unknown = codes[widths < 0]
    if len(unknown):
        for code in set(unknown.tolist()):
            _WIDTHS[code] = get_character_cell_size(chr(code))
        widths = _WIDTHS[codes]
    return widths.astype(np.int32)


def _soft_breaks(codes: NDArray[np.uint32], widths: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell before which characters a line may end: white space, and either side of a wide one."""
    may = np.zeros(len(codes) + 1, dtype=np.bool_)
    if len(codes) < 2:
        return may
    space = (codes == ord(" ")) | (codes == ord(_TAB)) | (codes == ord(_TAB_PAD))
    wide = widths == 2
    begins_word = space[1:] & ~space[:-1]
    # A combining mark after a wide character belongs to it and never begins a line.
    beside_wide = (wide[1:] | wide[:-1]) & (widths[1:] > 0)
    may[1:-1] = begins_word | beside_wide
    return may


def _line_ends(
    newline: NDArray[np.bool_], starts: NDArray[np.int32], id_starts: NDArray[np.int32] | None
) -> NDArray[np.integer[Any]]:
    """Return the characters after each newline; an id drawn after the newline stays with it."""
    ends = np.flatnonzero(newline) + 1
    if id_starts is None:
        return ends
    tokens = np.searchsorted(starts, ends - 1, side="right") - 1
    return np.where(ends == id_starts[tokens], starts[tokens + 1], ends)
