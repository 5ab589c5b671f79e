"""Adapters start from weights that no seed decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-ADAPTER-SEED",)


def look(case: Case) -> Iterator[Finding]:
    """Axolotl 0.19 seeds torch when the trainer is made, after the adapter."""
    if case.values.get("adapter") in ("lora", "qlora") and case.values.get("seed") is not None:
        yield Finding(
            code="P-ADAPTER-SEED",
            severity="info",
            message="the adapter is made before axolotl seeds torch: two runs of the same seed "
            "start from other weights, and their losses part from the second step on",
            key="seed",
            fix="nothing for one run; a plugin that seeds in pre_lora_load for comparing two",
        )
