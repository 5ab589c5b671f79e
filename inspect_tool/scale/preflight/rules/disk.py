"""Room for the checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.batch import whole
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-DISK",)

KEPT: Final = 4
"""Checkpoints that axolotl keeps where save_total_limit is not set (core/builders/base.py)."""


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Weights and optimizer state of each checkpoint kept, and the final model."""
    sized, free = case.sized, case.surroundings.free
    if sized is None or free is None:
        yield Unknown("P-DISK", case.unsized or "neither the model's size nor the disk is known")
        return
    each = checkpoint_bytes(case, sized.memory.trained)
    kept = min(whole(case.values.get("save_total_limit")) or KEPT, case.schedule.saves or KEPT)
    needed = each * (kept + 1)
    if needed > free:
        yield Finding(
            code="P-DISK",
            severity="error" if not case.elsewhere else "info",
            message=f"{kept} checkpoints of about {each / 1e9:.1f} GB and the model need "
            f"{needed / 1e9:.0f} GB; {free / 1e9:.0f} GB are free",
            key="save_total_limit",
            fix="save_total_limit: 1, save_only_model: true, or another output_dir",
            evidence=safe(str(case.output_dir), newline=" "),
        )


def checkpoint_bytes(case: Case, trained: int) -> int:
    """Return about how large one checkpoint is: what is trained, and two moments unless left out.

    Adapters are kept in float32, and DeepSpeed keeps a float32 copy beside its moments.
    """
    values = case.values
    half = bool(values.get("bf16") or values.get("fp16") or values.get("bfloat16")) and case.full
    width = 2 if half else 4
    if values.get("save_only_model"):
        return trained * width
    return trained * (width + (12 if case.fleet.strategy.deepspeed else 2 * width))
