"""Whether a full fine-tune under FSDP ends with a model on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-FSDP-SAVE",)


def look(case: Case) -> Iterator[Finding]:
    """Shards are merged from the last checkpoint; without one there is nothing to merge.

    From axolotl 0.19 train.py save_trained_model. Adapters are saved in another way.
    """
    written = case.fsdp
    if not written or not case.full:
        return
    final = written.get("final_state_dict_type") or written.get("state_dict_type")
    saves = bool(case.recipe.save_every or case.recipe.save_by_epoch)
    if final == "SHARDED_STATE_DICT" and not saves:
        yield Finding(
            code="P-FSDP-SAVE",
            severity="error",
            message="the final state is sharded and no checkpoint is saved: axolotl merges the "
            "model from the last checkpoint, so output_dir gets no weights, though the log says "
            "saved",
            key="fsdp_config.final_state_dict_type",
            fix="FULL_STATE_DICT",
        )
