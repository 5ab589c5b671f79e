"""A plan's numbers with their names, for every surface that shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tool.scale.batch import Schedule
    from inspect_tool.scale.memory.sized import Sized
    from inspect_tool.scale.plan import ScalePlan

GIB: Final = 1 << 30
BATCH_LINES: Final[tuple[tuple[str, Callable[[Schedule], Any]], ...]] = (
    ("micro batch", lambda item: item.shape.micro),
    ("x accumulation", lambda item: item.shape.accumulation),
    ("x processes", lambda item: item.shape.world),
    ("= rows a step", lambda item: item.shape.rows),
    ("tokens a step", lambda item: item.tokens),
    ("trained a step", lambda item: item.trained),
    ("steps", lambda item: item.steps),
    ("steps an epoch", lambda item: item.updates),
    ("epochs", lambda item: item.passes),
    ("warmup steps", lambda item: item.warmup),
    ("evaluations", lambda item: item.evals),
    ("checkpoints", lambda item: item.saves),
)
"""What a schedule is, line by line; a value of None is not known."""
LOSS: Final = (
    "The loss is the mean over micro batches of each one's mean over its tokens. N processes "
    "compare with one of the same micro batch and N times the accumulation; another micro batch is "
    "another objective, even where a step holds as many rows."
)


def sources(plan: ScalePlan) -> Iterator[tuple[str, str]]:
    """Yield, each with its name, what rows are counted in and what another strategy changes."""
    yield "dataset", plan.data.message
    rows = plan.data.rows
    if rows is not None and rows.bins is not None:
        how = "as axolotl's sampler makes them" if rows.bins_exact else "at least, for its tokens"
        yield "packs", f"{rows.bins:,} {how}"
    for change in plan.changes:
        new = "left out" if change.new is None else json.dumps(change.new, default=str)
        yield "changed", f"{change.key}: {new}; {change.reason}"


def verdict(sized: Sized) -> str:
    """Say in a line what a GPU holds, and whether that fits."""
    total = f"about {sized.memory.total / GIB:.1f} GiB a GPU, in the {sized.memory.peak} phase"
    if sized.card is None:
        return f"{total}; --gpu NAME says whether it fits"
    return f"{total}: {sized.fit} {sized.card.text}"


def size_text(count: int) -> str:
    """Return bytes in the unit that shows them."""
    return f"{count / GIB:.2f} GiB" if count >= GIB / 10 else f"{count / (1 << 20):.1f} MiB"
