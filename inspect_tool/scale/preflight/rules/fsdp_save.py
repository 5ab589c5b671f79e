"""Whether training under FSDP ends with a model on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-FSDP-SAVE",)


def look(case: Case) -> Iterator[Finding]:
    """Shards are merged from the last checkpoint; without one there is nothing to merge.

    From axolotl 0.19 train.py save_trained_model. An adapter is gathered by the names of its LoRA
    weights alone, and peft then misses the modules that are saved whole (integrations/
    expert_parallel/shard.py, save_fsdp2_lora_adapter).
    """
    written = case.fsdp
    if written and not case.full and _saves_modules(case):
        yield Finding(
            code="P-FSDP-SAVE",
            severity="error",
            message="an adapter with lora_modules_to_save cannot be saved under FSDP2: axolotl "
            "gathers the LoRA weights alone, and the run ends after the last step with KeyError: "
            "'modules_to_save.default.weight', the adapter lost",
            key="lora_modules_to_save",
            fix="--strategy ddp, or leave lora_modules_to_save out",
        )
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


def _saves_modules(case: Case) -> bool:
    return str(case.fsdp.get("fsdp_version")) == "2" and bool(
        case.values.get("lora_modules_to_save")
    )
