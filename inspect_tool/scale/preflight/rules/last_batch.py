"""The last batch of a pass that does not come out even."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.batch import micro_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-LAST-BATCH",)


def look(case: Case) -> Iterator[Finding]:
    """Without packing rows are repeated to fill it, with packing they are dropped."""
    rows = case.data.rows
    if rows is None:
        return
    batches = micro_batches(case.recipe, rows)
    world = case.schedule.shape.world
    if not batches or batches < world or batches % world == 0:
        return
    odd = batches % world
    if case.recipe.packed or case.recipe.drop_last:
        what = f"{odd} of {batches} batches are dropped in every pass"
    else:
        again = world - odd
        what = f"{again} batch{' is' if again == 1 else 'es are'} trained twice in every pass"
    yield Finding(
        code="P-LAST-BATCH",
        severity="info",
        message=f"{batches} micro batches do not divide by {world} processes: {what}",
        fix="nothing, on data of any size",
    )
