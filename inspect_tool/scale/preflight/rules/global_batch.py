"""The learning rate and the global batch that it was chosen for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.advice import same_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-GLOBAL-BATCH",)


def look(case: Case) -> Iterator[Finding]:
    """More processes make a larger batch and fewer steps at the same rate, and nothing says so."""
    found = same_view(case.recipe, case.fleet.processes, reference=case.reference)
    if found.factor == 1:
        return
    rate = f"; else learning_rate {found.rate:.3g} ({found.rule})" if found.rate else ""
    yield Finding(
        code="P-GLOBAL-BATCH",
        severity="warning",
        message=f"one optimizer step holds {case.schedule.shape.rows} rows, {found.factor:g} "
        f"times that of {case.reference} process{'es' if case.reference > 1 else ''}: as many "
        "fewer steps at the same learning rate",
        key="gradient_accumulation_steps",
        fix=f"{found.keeps}{rate}",
    )
