"""Which tokens of a vocabulary end, open, pad or separate text, as flags over all of its ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inspect_tool.samples.checks.conversation import header_follower
from inspect_tool.samples.checks.split_texts import SplitTexts
from inspect_tool.samples.turns import HEADERS, ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from inspect_tool.samples.checks.follower import Follower
    from inspect_tool.samples.vocabulary import Vocabulary

    Flags = NDArray[np.bool_]
    Integers = NDArray[np.integer[Any]]

ENDS: Final = frozenset(
    {
        "</s>",
        "<eos>",
        "<|eos|>",
        "<|im_end|>",
        "<|eot_id|>",
        "<|eot|>",
        "<|eom_id|>",
        "<|eom|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<|endofturn|>",
        "[|endofturn|]",
        "<end_of_turn>",
        "<turn|>",
        "<|END_OF_TURN_TOKEN|>",
        "<｜end▁of▁sentence｜>",
        "<end_of_utterance>",
    }
)
"""Tokens that models in use end a turn or a text with (see docs/checks.md)."""

SPACES: Final = " \t\n\r\f\v"
"""White space as templates trim it; wider spaces are somebody's text."""


@dataclass(frozen=True, eq=False)
class Markers:
    """The tokens that carry structure, told from a vocabulary and from nothing else.

    ``bos``, ``eos``, ``pad`` and ``unk`` are ids or None. ``stops`` are the ids that end a turn
    or a text; ``openers`` maps ids that open a turn to the role they name, empty where the role is
    written after them. ``wanted`` are texts that should be tokens. All flag arrays are
    bool[V + 1], the last entry False for ids past V.
    """

    vocabulary: Vocabulary
    bos: int | None
    eos: int | None
    pad: int | None
    unk: int | None
    stops: frozenset[int]
    openers: dict[int, str]
    wanted: frozenset[str]
    _space: NDArray[np.int8] = field(repr=False)

    @classmethod
    def of(
        cls,
        vocabulary: Vocabulary,
        *,
        eot_tokens: Iterable[str] = (),
        tokens: Iterable[str] = (),
    ) -> Markers:
        """Read the markers of a vocabulary.

        ``eot_tokens`` end a turn besides the known ones; ``tokens`` should be tokens of their own,
        whether or not the vocabulary has them.
        """
        ends = ENDS | set(eot_tokens)
        added = {i: vocabulary.pieces[i] or "" for i in np.flatnonzero(vocabulary.added).tolist()}
        stops = {i for i, piece in added.items() if piece.strip() in ends}
        roles = vocabulary.roles
        if "eos" in roles:
            stops.add(roles["eos"])
        openers = {
            i: ROLES.get(piece.strip(), "")
            for i, piece in added.items()
            if piece.strip() in HEADERS or piece.strip() in ROLES
        }
        return cls(
            vocabulary=vocabulary,
            bos=roles.get("bos"),
            eos=roles.get("eos"),
            pad=roles.get("pad"),
            unk=roles.get("unk"),
            stops=frozenset(stops),
            openers=openers,
            wanted=frozenset(tokens),
            _space=np.full(len(vocabulary) + 1, -1, dtype=np.int8),
        )

    @property
    def own_pad(self) -> int | None:
        """Return the padding token's id if it has no other meaning."""
        return self.pad if self.pad not in {self.bos, self.eos, self.unk} else None

    @property
    def own_bos(self) -> int | None:
        """Return the BOS token's id if it has no other meaning."""
        return self.bos if self.bos not in {self.eos, self.pad, self.unk} else None

    @cached_property
    def headers(self) -> Follower:
        """Return what reads the role that is written after an opener."""
        return header_follower(self.vocabulary)

    @cached_property
    def is_stop(self) -> Flags:
        """Flag the ids that end a turn or a text."""
        return self.flags(self.stops)

    @cached_property
    def is_opener(self) -> Flags:
        """Flag the ids that open a turn."""
        return self.flags(self.openers)

    @cached_property
    def is_marker(self) -> Flags:
        """Flag every id that is looked for in every row."""
        single = {self.bos, self.pad, self.unk} - {None}
        named = self.flags([*self.stops, *self.openers, *(i for i in single if i is not None)])
        return named | self.split_texts.starts

    @cached_property
    def split_texts(self) -> SplitTexts:
        """Return what finds markers that are spelled out."""
        return SplitTexts.of(self.vocabulary, wanted=self.wanted)

    def flags(self, ids: Iterable[int]) -> Flags:
        """Return bool[V + 1], True for ``ids``."""
        flags = np.zeros(len(self.vocabulary) + 1, dtype=np.bool_)
        flags[[i for i in ids if 0 <= i < len(self.vocabulary)]] = True
        return flags

    def holds(self, flags: Flags, ids: Integers) -> Flags:
        """Look ``ids`` up in ``flags``; False for ids that the vocabulary does not have."""
        return np.asarray(flags.take(ids, mode="clip") & (ids >= 0))

    def is_space(self, ids: Integers) -> Flags:
        """Tell for each id whether its text is white space alone; bool in the shape of ``ids``."""
        return np.asarray(self._spaces(ids) & (_ONE_SPACE | _ALL_SPACE) != 0)

    def ends_with_space(self, ids: Integers) -> Flags:
        """Tell for each id whether its text ends with white space; bool in the shape of ``ids``."""
        return np.asarray(self._spaces(ids) & (_ONE_SPACE | _ALL_SPACE | _LAST_SPACE) != 0)

    def starts_with_space(self, ids: Integers, following: Integers) -> Flags:
        """Tell which texts start with more white space than the one space before a word.

        ``following`` are the ids after ``ids``, -1 for none; bool in their shape.
        """
        first, second = self._spaces(ids), self._spaces(following)
        any_space = _ONE_SPACE | _ALL_SPACE | _FIRST_SPACE | _WIDE_START
        wide, one = first & _WIDE_START != 0, first & _ONE_SPACE != 0
        return np.asarray(wide | (one & (second & any_space != 0)))

    def _spaces(self, ids: Integers) -> NDArray[np.int8]:
        known = np.where(self.vocabulary.known(ids), ids, len(self.vocabulary))
        kinds = self._space[known]
        unsettled = kinds < 0
        if unsettled.any():
            for index in np.unique(known[unsettled]).tolist():
                self._space[index] = self._space_kind(index)
            kinds = self._space[known]
        return np.asarray(kinds)

    def _space_kind(self, index: int) -> int:
        """Tell what white space the text of an id has at its edges."""
        vocabulary, spelled, blank = self.vocabulary, self._spelled, self._blank
        piece = vocabulary.piece(index)
        if not piece:
            return 0
        first = piece[0]
        has_ends = spelled is not None and piece[-1] not in blank
        if has_ends and first not in blank and not piece.startswith("<0x"):
            return 0
        if spelled is None or vocabulary.added[index] or piece.startswith("<0x"):
            return _space_of(vocabulary.bytes_of(index).decode("utf-8", "replace"))
        if has_ends and spelled.get(ord(first)) == " " and piece[1] not in blank:
            return _FIRST_SPACE
        return _space_of(piece.translate(spelled))

    @cached_property
    def _blank(self) -> frozenset[str]:
        """Return the characters that are white space in pieces, written either way."""
        return frozenset(SPACES) | {chr(code) for code in self._spelled or ()}

    @cached_property
    def _spelled(self) -> dict[int, str] | None:
        """Return how pieces write white space, None where it takes more than single characters."""
        decoder = self.vocabulary.decoder
        if decoder.alphabet is not None:
            return {ord(c): chr(b) for c, b in decoder.alphabet.items() if chr(b) in SPACES}
        single = all(len(old) == 1 for old, _ in decoder.replacements)
        if decoder.suffix or decoder.word_prefix or not single:
            return None
        return {ord(old): new for old, new in decoder.replacements}


_ONE_SPACE, _ALL_SPACE, _LAST_SPACE, _FIRST_SPACE, _WIDE_START = (1 << bit for bit in range(5))


def _space_of(text: str) -> int:
    if text == " ":
        return _ONE_SPACE
    start = text[: len(text) - len(text.lstrip(SPACES))]
    wide = _WIDE_START if len(start) > 1 or start not in {"", " "} else 0
    if start == text:
        return wide | _ALL_SPACE if text else 0
    first = _FIRST_SPACE if start else 0
    return wide | first | (_LAST_SPACE if text != text.rstrip(SPACES) else 0)
