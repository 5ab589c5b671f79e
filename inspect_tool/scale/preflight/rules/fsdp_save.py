"""Whether a full fine-tune under FSDP ends with a model on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-FSDP-SAVE",)


def look(case: Case) -> Iterator[Finding]:
    """FSDP2 saves shards unless told otherwise, and axolotl merges only shards that are asked for.

    From axolotl 0.19 train.py save_trained_model, transformers trainer.py save_model and
    accelerate's plugin. Adapters are saved in another way.
    """
    if not case.fsdp or not case.full or str(case.fsdp.get("fsdp_version")) != "2":
        return
    if not (case.fsdp.get("state_dict_type") or case.fsdp.get("final_state_dict_type")):
        yield Finding(
            code="P-FSDP-SAVE",
            severity="error",
            message="fsdp_config names no state_dict_type: FSDP2 then keeps shards, which are "
            "neither saved as a model at the end nor merged: output_dir gets no final weights",
            key="fsdp_config.state_dict_type",
            fix="FULL_STATE_DICT",
        )
