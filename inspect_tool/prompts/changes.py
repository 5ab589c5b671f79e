"""What changed in a rendered row from one rendering to the next: tokens, and labels of the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.prompts.diff.align import Region, align

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.samples.sample import TokenSequence


@dataclass(frozen=True, eq=False)
class Changes:
    """``tokens`` bool[n] marks what is new or relabelled in the later rendering of n tokens.

    ``added`` and ``removed`` count tokens, ``relabelled`` those that are the same but are trained
    now and were masked before, or the other way round.
    """

    tokens: NDArray[np.bool_]
    added: int
    removed: int
    relabelled: int

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.relabelled)

    @property
    def message(self) -> str:
        """What changed, in one line."""
        counts = ((self.added, "new"), (self.removed, "gone"), (self.relabelled, "relabelled"))
        said = ", ".join(f"{count:,} {word}" for count, word in counts if count)
        return f"tokens: {said}" if said else "no token changed"


def changes(before: TokenSequence, after: TokenSequence) -> Changes:
    """Compare two renderings of a row."""
    marked = np.zeros(len(after), dtype=np.bool_)
    added = removed = relabelled = at_before = at_after = 0
    end = Region(len(before), len(before), len(after), len(after))
    for region in [*align(before.ids, after.ids), end]:
        same = region.train_start - at_before
        if before.trained is not None and after.trained is not None and same:
            was = before.trained[at_before : at_before + same]
            turned = was != after.trained[at_after : at_after + same]
            marked[at_after : at_after + same] = turned
            relabelled += int(np.count_nonzero(turned))
        marked[region.inference_start : region.inference_stop] = True
        added += region.inference_stop - region.inference_start
        removed += region.train_stop - region.train_start
        at_before, at_after = region.train_stop, region.inference_stop
    return Changes(marked, added, removed, relabelled)
