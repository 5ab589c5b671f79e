"""FSDP and DeepSpeed asked for together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-FSDP-DEEPSPEED",)


def look(case: Case) -> Iterator[Finding]:
    """Axolotl checks the old ``fsdp`` list alone; transformers refuses once the model is loaded."""
    if case.fsdp and case.values.get("deepspeed"):
        yield Finding(
            code="P-FSDP-DEEPSPEED",
            severity="error",
            message="both fsdp_config and deepspeed are set: axolotl sets up FSDP, and the trainer "
            "refuses the two together once data and model are loaded",
            key="deepspeed",
            fix="keep one; scale --strategy shows the YAML for each",
        )
