"""Chat markers that stand in rows as ordinary pieces of text instead of as one token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inspect_tool.samples.checks.follower import GOING, NOTHING, Follower
from inspect_tool.samples.turns import HEADERS

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from inspect_tool.samples.checks.lens import Lens
    from inspect_tool.samples.vocabulary import Vocabulary

    Places = NDArray[np.int64]

FOREIGN: Final = frozenset({*HEADERS, "<|im_end|>", "<|eot_id|>", "<|end_header_id|>"}) | {
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|begin_of_text|>",
}
"""Markers of chat templates in use; text of this shape is hardly ever anything else."""

_SHORTEST: Final = 3
_ASCII: Final = 128


@dataclass(frozen=True, eq=False)
class SplitTexts:
    """The texts looked for: ``texts[:own]`` are or should be tokens here, the others foreign.

    ``starts`` bool[V + 1] flags the ids that such a text may begin in.
    """

    texts: tuple[str, ...]
    own: int
    starts: NDArray[np.bool_]
    _states: NDArray[np.int64]
    _first_chars: NDArray[np.uint8]
    _goes_on: NDArray[np.bool_]
    _follower: Follower

    @classmethod
    def of(cls, vocabulary: Vocabulary, *, wanted: Collection[str] = ()) -> SplitTexts:
        """Prepare the search in rows of one vocabulary; ``wanted`` should be tokens of it."""
        added = {vocabulary.pieces[i] or "" for i in np.flatnonzero(vocabulary.added).tolist()}
        own = sorted({each.strip() for each in {*added, *wanted} if _is_marker(each.strip())})
        foreign = sorted(FOREIGN - added - set(own))
        texts = (*own, *foreign)
        follower = Follower(vocabulary, lambda text: _decide(text, texts))
        states = np.full(len(vocabulary) + 1, -1, dtype=np.int64)
        for index, text in _candidates(vocabulary, {text[0] for text in texts}):
            beginning = _beginning(text, texts)
            if beginning:
                states[index] = follower.state(beginning)
        beginnings = follower.texts
        goes_on = np.zeros((len(beginnings), _ASCII + 1), dtype=np.bool_)
        for state, beginning in enumerate(beginnings):
            for text in texts:
                if text.startswith(beginning):
                    goes_on[state, min(ord(text[len(beginning)]), _ASCII)] = True
        return cls(
            texts, len(own), states >= 0, states, _first_chars(vocabulary), goes_on, follower
        )

    def find(self, lens: Lens) -> tuple[Places, Places]:
        """Return the first tokens of split texts and the numbers of the texts, both int64[m]."""
        view = lens.sequence
        places = lens.where(self.starts)
        states = self._states[view.ids[places]]
        following = view.at(places + 1)
        firsts = np.where(lens.markers.vocabulary.known(following), following, -1)
        hopeful = self._goes_on[states, self._first_chars[firsts]]
        places, states = places[hopeful], states[hopeful]
        limits = view.stops[view.row_of(places)].astype(np.int64)
        verdicts, _ = self._follower.follow(view.ids, places + 1, limits, states)
        return places[verdicts >= 0], verdicts[verdicts >= 0]


def _first_chars(vocabulary: Vocabulary) -> NDArray[np.uint8]:
    """Return the first character of every piece, _ASCII for all that are not ASCII; uint8[V + 1].

    ASCII stands for itself in the pieces of every kind of tokenizer.
    """
    codes = [min(ord(piece[0]), _ASCII) if piece else _ASCII for piece in vocabulary.pieces]
    return np.array([*codes, _ASCII], dtype=np.uint8)


def _is_marker(piece: str) -> bool:
    return len(piece) >= _SHORTEST and not piece[0].isalnum() and piece.isprintable()


def _candidates(vocabulary: Vocabulary, first: Collection[str]) -> list[tuple[int, str]]:
    """Return the ordinary tokens that hold one of the characters that markers begin with."""
    holds = re.compile(f"[{re.escape(''.join(first))}]").search
    found = [
        index
        for index, piece in enumerate(vocabulary.pieces)
        if piece and holds(piece) and not vocabulary.added[index]
    ]
    return [(index, vocabulary.bytes_of(index).decode("utf-8", "replace")) for index in found]


def _beginning(text: str, texts: tuple[str, ...]) -> str:
    """Return the longest end of ``text`` that one of ``texts`` begins with."""
    for start in range(len(text)):
        if any(whole.startswith(text[start:]) and whole != text[start:] for whole in texts):
            return text[start:]
    return ""


def _decide(text: str, texts: tuple[str, ...]) -> int:
    for number, whole in enumerate(texts):
        if text.startswith(whole):
            return number
    return GOING if any(whole.startswith(text) for whole in texts) else NOTHING


def known_texts(split: SplitTexts, numbers: NDArray[Any]) -> list[str]:
    """Return the texts that ``numbers`` name, each once."""
    return [split.texts[number] for number in np.unique(numbers).tolist()]
