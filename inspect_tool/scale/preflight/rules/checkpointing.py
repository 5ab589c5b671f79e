"""Two kinds of activation checkpointing at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-CHECKPOINTING",)


def look(case: Case) -> Iterator[Finding]:
    """The trainer refuses FSDP's beside its own when it is made."""
    if case.fsdp.get("activation_checkpointing") and case.values.get("gradient_checkpointing"):
        yield Finding(
            code="P-CHECKPOINTING",
            severity="error",
            message="gradient_checkpointing and fsdp_config.activation_checkpointing are both "
            "on: the trainer refuses that once data and model are loaded",
            key="gradient_checkpointing",
            fix="gradient_checkpointing: false; FSDP's own is enough",
        )
