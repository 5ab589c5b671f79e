"""Evaluation data that is smaller than the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-EVAL-SMALL",)


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Packed, fewer packs than processes give no eval_loss; unpacked, any number is right."""
    if not case.data.has_eval or not case.recipe.packed:
        return
    if case.values.get("eval_sample_packing") is False:
        return
    bins = _most(case)
    if bins is None:
        yield Unknown("P-EVAL-SMALL", "the packs of the evaluation rows are not known")
        return
    if bins < case.schedule.shape.world:
        yield Finding(
            code="P-EVAL-SMALL",
            severity="error",
            message=f"the evaluation rows fill at most {bins} packs for "
            f"{case.schedule.shape.world} processes: no eval_loss is ever logged, and nothing "
            "says so",
            key="eval_sample_packing",
            fix="eval_sample_packing: false, or a larger val_set_size",
        )


def _most(case: Case) -> int | None:
    """Return how many batches the rows make at most, None where that decides nothing."""
    rows = case.data.rows
    if rows is None:
        return None
    if rows.bins_exact and rows.eval_bins is not None:
        return rows.eval_bins // (case.recipe.micro if case.recipe.real_batches else 1)
    few = rows.eval_rows is not None and rows.eval_rows < case.schedule.shape.world
    return rows.eval_rows if few else None
