"""Parameters or optimizer state in the machine's own memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-OFFLOAD",)

PLAIN: Final = ("adamw_torch", "adamw_torch_fused", "adagrad", "")
"""Optimizers that accelerate replaces by DeepSpeed's own for the CPU (utils/deepspeed.py)."""


def look(case: Case) -> Iterator[Finding]:
    """What an offload needs on the machine, and which optimizers it excludes."""
    optimizer = str(case.values.get("optimizer") or "")
    if case.fsdp.get("offload_params"):
        yield from _fsdp(optimizer)
    content = case.deepspeed.content if case.deepspeed else None
    zero = content.get("zero_optimization") if content else None
    offload = zero.get("offload_optimizer") if isinstance(zero, dict) else None
    device = offload.get("device") if isinstance(offload, dict) else None
    if device not in ("cpu", "nvme"):
        return
    own = content is not None and "optimizer" in content
    if not own and optimizer not in PLAIN:
        yield Finding(
            code="P-OFFLOAD",
            severity="warning",
            message=f"with offload_optimizer accelerate puts DeepSpeed's CPUAdam in the place of "
            f"{optimizer}: not the optimizer that you named, and without AdamW's weight decay",
            key="optimizer",
            fix="adamw_torch, whose CPUAdam is the same",
        )
    yield Finding(
        code="P-OFFLOAD",
        severity="info",
        message="offload_optimizer compiles DeepSpeed's CPUAdam on first use: a C++ compiler, and "
        "a minute during which nothing is logged",
        key="deepspeed",
        fix="DS_BUILD_CPU_ADAM=1 pip install deepspeed builds it beforehand",
    )


def _fsdp(optimizer: str) -> Iterator[Finding]:
    if "8bit" in optimizer or "bnb" in optimizer:
        yield Finding(
            code="P-OFFLOAD",
            severity="warning",
            message=f"optimizer {optimizer} steps on a GPU; offload_params keeps weights, "
            "gradients and state on the CPU",
            key="optimizer",
            fix="adamw_torch",
        )
