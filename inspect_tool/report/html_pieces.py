"""Text that may stand in the page, and what the page tells about each token id that occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.samples.vocabulary import Vocabulary


class Shown(str):
    """Text that has been through ``glyphs.safe``; line breaks and tabs are themselves."""

    __slots__ = ()


def shown(value: object) -> Shown:
    """Return anything as text that is safe to show; HTML's own escaping comes after."""
    return value if isinstance(value, Shown) else Shown(safe(str(value), newline="\n", tab="\t"))


class Pieces:
    """Collects the token ids of a page and tells about each: its piece, bytes and roles."""

    def __init__(self, vocabulary: Vocabulary | None) -> None:
        self._vocabulary = vocabulary
        self._ids: set[int] = set()

    def note(self, ids: NDArray[np.integer[Any]]) -> None:
        """Take note of the ids in ``ids``."""
        self._ids.update(np.unique(ids).tolist())

    def table(self) -> dict[str, list[str]]:
        """Return ``{id: [piece, bytes in hexadecimal, roles]}``; empty without a vocabulary."""
        vocabulary = self._vocabulary
        if vocabulary is None:
            return {}
        roles: dict[int, list[str]] = {}
        for role, token_id in vocabulary.roles.items():
            roles.setdefault(token_id, []).append(role)
        table = {}
        for token_id in sorted(self._ids):
            piece = vocabulary.piece(token_id)
            if piece is None:
                table[str(token_id)] = ["", "", "not in the vocabulary"]
                continue
            special = bool(vocabulary.special[token_id])
            said = [*(["special"] if special else []), *roles.get(token_id, [])]
            data = vocabulary.bytes_of(token_id).hex(" ")
            table[str(token_id)] = [safe(piece), data, ", ".join(said)]
        return table
