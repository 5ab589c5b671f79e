"""Packs: as axolotl's own sampler counted them, or the fewest that the tokens can fill."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inspect_tool.scale.batch import fewest_bins

if TYPE_CHECKING:
    from inspect_tool.scale.batch import Recipe
    from inspect_tool.scale.preflight.case import Case


def with_bins(case: Case) -> Case:
    """Return ``case`` with the packs of its rows, where rows are packed and known."""
    rows = case.data.rows
    if not case.recipe.packed or rows is None or rows.tokens is None:
        return case
    answers = case.answers
    if answers is None or answers.bins is None:
        bins = fewest_bins(case.recipe, rows.tokens)
        return _counted(case, bins, _eval_bins(case.recipe, case), exact=False)
    real = _real_batches(case)
    values = case.values if real is None else {**case.values, "multipack_real_batches": real}
    return _counted(replace(case, values=values), answers.bins, answers.eval_bins, exact=True)


def _counted(case: Case, bins: int, eval_bins: int | None, *, exact: bool) -> Case:
    assert case.data.rows is not None
    rows = replace(case.data.rows, bins=bins, eval_bins=eval_bins, bins_exact=exact)
    return replace(case, data=replace(case.data, rows=rows))


def _eval_bins(recipe: Recipe, case: Case) -> int | None:
    lengths = case.data.eval_lengths
    return None if lengths is None else fewest_bins(recipe, int(lengths.sum(dtype="int64")))


def _real_batches(case: Case) -> bool | None:
    """Whether a batch is several packs, as axolotl resolved it (core/builders/causal.py)."""
    resolved = case.answers.resolved if case.answers else {}
    if resolved.get("multipack_real_batches") is not None:
        return bool(resolved["multipack_real_batches"])
    supports = resolved.get("attn_supports_packing")
    return None if supports is None else not supports
