"""Quantized weights that are to be split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-QUANT-SHARD",)


def look(case: Case) -> Iterator[Finding]:
    """FSDP and ZeRO-3 split floats: 4-bit weights are stored as such by axolotl, 8-bit ones never.

    From axolotl 0.19 loaders/model.py (bnb_4bit_quant_storage) and bitsandbytes' docs, FSDP-QLoRA.
    """
    if not case.shards_weights:
        return
    engine = "FSDP" if case.fsdp else "ZeRO-3"
    if case.values.get("load_in_8bit"):
        yield Finding(
            code="P-QUANT-SHARD",
            severity="error" if case.fsdp else "warning",
            message=f"{engine} splits weights of floats; load_in_8bit makes them int8",
            key="load_in_8bit",
            fix="adapter: qlora with load_in_4bit, or DDP, ZeRO-1 or ZeRO-2",
        )
    if not case.values.get("load_in_4bit"):
        return
    settings = case.values.get("bnb_config_kwargs")
    storage = (
        settings.get("bnb_4bit_quant_storage", "bfloat16")
        if isinstance(settings, dict)
        else "bfloat16"
    )
    if "bfloat16" not in str(storage) or not (
        case.values.get("bf16") or case.values.get("bfloat16")
    ):
        yield Finding(
            code="P-QUANT-SHARD",
            severity="error",
            message=f"{engine} needs 4-bit weights stored in the dtype of all others: they are "
            f"stored as {storage}, and the YAML computes in "
            + (
                "bf16" if case.values.get("bf16") else "fp16" if case.values.get("fp16") else "fp32"
            ),
            key="bf16",
            fix="bf16: true, without bnb_4bit_quant_storage",
        )
