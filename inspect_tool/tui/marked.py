"""A row of a batch as it is drawn: beside its tokens, where samples end, padding, and heat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspect_tool.samples.sample import TokenSequence
from inspect_tool.tui.drawn import subscript

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Marked(TokenSequence):
    """``ends``: what is said after a token, on the line that ends there; ``padding`` bool[n].

    ``heat`` uint8[n], 0 where there is none, stands in the place of labels; ``values`` are what is
    drawn after each token when that is asked for, its id without them.
    """

    ends: Mapping[int, str] = field(default_factory=dict)
    padding: NDArray[np.bool_] | None = None
    heat: NDArray[np.uint8] | None = None
    values: tuple[str, ...] | None = None

    def notes(self, count: int, *, values: bool) -> list[str]:
        """Return what is drawn after each of the first ``count`` tokens."""
        notes = [""] * count
        if values:
            said = self.values or tuple(map(str, self.ids[:count].tolist()))
            notes = [subscript(text) for text in said[:count]]
        for index, text in self.ends.items():
            if index < count:
                notes[index] += f"{text}\n"
        return notes
