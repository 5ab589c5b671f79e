"""What accelerate's FSDP plugin itself refuses, built as the trainer builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-FSDP-REFUSED",)

WRAP_CLASS: Final = "Could not find the transformer layer class"
"""Told by the rule that knows the right one."""


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Hand on its words."""
    if not case.fsdp:
        return
    if case.answers is None or case.answers.fsdp is None:
        yield Unknown("P-FSDP-REFUSED", case.unanswered)
        return
    problem = case.answers.fsdp.problem
    if problem and WRAP_CLASS not in problem:
        yield Finding(
            code="P-FSDP-REFUSED",
            severity="error",
            message=f"accelerate refuses fsdp_config when the trainer is made: {problem}",
            key="fsdp_config",
            fix="fsdp_version: 2; what version 1 takes is not what axolotl's schema lets through",
        )
