"""ZeRO-3 makes the weights before transformers fills in auto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-ZERO3-DTYPE",)


def look(case: Case) -> Iterator[Finding]:
    """Without an explicit ``bf16.enabled`` the weights are float32, twice the size, in silence."""
    content = case.deepspeed.content if case.deepspeed else None
    if content is None or case.deepspeed is None or case.deepspeed.stage != 3:
        return
    if not (case.values.get("bf16") or case.values.get("bfloat16")):
        return
    block = content.get("bf16")
    enabled = block.get("enabled") if isinstance(block, dict) else None
    if enabled not in (True, False):
        yield Finding(
            code="P-ZERO3-DTYPE",
            severity="error",
            message="the YAML asks for bf16, the ZeRO-3 config "
            + ('has bf16.enabled "auto"' if enabled == "auto" else "has no bf16.enabled")
            + ": weights are made before that is filled in, all of them float32, twice the memory",
            key="deepspeed",
            fix='"bf16": {"enabled": true} in the DeepSpeed config',
        )
