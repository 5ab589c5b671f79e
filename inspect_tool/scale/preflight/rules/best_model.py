"""Keeping only models while the best one is to be loaded at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-SAVE-BEST",)


def look(case: Case) -> Iterator[Finding]:
    """Refused under FSDP and DeepSpeed when the trainer is made (transformers trainer.py)."""
    sharded = bool(case.fsdp or case.values.get("deepspeed"))
    if not (sharded and case.values.get("save_only_model")):
        return
    if _loads_best(case):
        yield Finding(
            code="P-SAVE-BEST",
            severity="error",
            message="save_only_model cannot be used with load_best_model_at_end under FSDP or "
            "DeepSpeed: refused once data and model are loaded",
            key="save_only_model",
            fix="save_only_model: false, or load_best_model_at_end: false",
        )
    if case.fsdp and str(case.fsdp.get("state_dict_type")) == "SHARDED_STATE_DICT":
        yield Finding(
            code="P-SAVE-BEST",
            severity="error",
            message="save_only_model cannot be used with SHARDED_STATE_DICT: refused once data and "
            "model are loaded",
            key="save_only_model",
            fix="fsdp_config.state_dict_type: FULL_STATE_DICT",
        )


def _loads_best(case: Case) -> bool:
    """Follow core/builders/causal.py: on by itself where saving and evaluating keep step."""
    recipe = case.recipe
    if not (recipe.save_every and recipe.eval_every and case.data.has_eval):
        return False
    wanted = case.values.get("load_best_model_at_end") is not False
    early = bool(case.values.get("early_stopping_patience"))
    return (wanted or early) and recipe.save_every % recipe.eval_every == 0
