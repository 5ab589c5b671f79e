"""Where a text or a token id occurs in one sequence whose text is at hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Occurrences:
    """``firsts`` int64[m], ascending: the token in which each begins; ``tokens`` bool[n]: all."""

    firsts: NDArray[np.int64]
    tokens: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.firsts)

    def next(self, token: int, *, forward: bool = True, inclusive: bool = False) -> int | None:
        """Return the number of the occurrence nearest to a token, going round at the end.

        ``inclusive`` lets an occurrence that begins in ``token`` itself count.
        """
        if not len(self):
            return None
        if forward:
            place = np.searchsorted(self.firsts, token, side="left" if inclusive else "right")
            return int(place) % len(self)
        place = np.searchsorted(self.firsts, token, side="right" if inclusive else "left") - 1
        return int(place) % len(self)


def occurrences_of_id(ids: NDArray[np.integer[Any]], token_id: int) -> Occurrences:
    """Return where ``token_id`` stands in ``ids`` int[n]."""
    tokens = np.asarray(ids == token_id)
    return Occurrences(np.flatnonzero(tokens), tokens)


def occurrences_of_text(texts: Sequence[str], needle: str) -> Occurrences:
    """Return where ``needle`` stands in ``texts``, one per token, across token boundaries.

    Case counts only if the needle has an upper-case letter.
    """
    tokens = np.zeros(len(texts), dtype=np.bool_)
    if not needle:
        return Occurrences(np.zeros(0, dtype=np.int64), tokens)
    pattern = re.compile(re.escape(needle), re.IGNORECASE if needle == needle.lower() else 0)
    spans = np.array([match.span() for match in pattern.finditer("".join(texts))], dtype=np.int64)
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    firsts, lasts = np.searchsorted(starts, spans.reshape(-1, 2) - [0, 1], side="right").T - 1
    steps = np.zeros(len(texts) + 1, dtype=np.int64)
    np.add.at(steps, firsts, 1)
    np.add.at(steps, lasts + 1, -1)
    tokens |= np.cumsum(steps)[:-1] > 0
    return Occurrences(np.unique(firsts), tokens)
