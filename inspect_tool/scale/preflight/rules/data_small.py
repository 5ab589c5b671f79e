"""Fewer rows than one step on all processes takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import NOT_PREPARED, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-DATA-SMALL",)


def look(case: Case) -> Iterator[Finding | Unknown]:
    """The rows of a pass are then repeated to fill it up, and nothing says so."""
    if case.recipe.packed:
        return
    if case.data.rows is None:
        yield Unknown("P-DATA-SMALL", NOT_PREPARED)
        return
    rows, shape = case.data.rows.rows, case.schedule.shape
    if rows < shape.rows:
        repeated = rows < shape.micro * shape.world
        yield Finding(
            code="P-DATA-SMALL",
            severity="error" if repeated else "warning",
            message=f"{rows} rows, and one step takes {shape.rows} ({shape.micro} x "
            f"{shape.accumulation} x {shape.world} processes): "
            + ("rows are repeated to fill a batch" if repeated else "no step is ever full"),
            key="gradient_accumulation_steps",
            fix=f"{_fewer(rows // (shape.micro * shape.accumulation))}, less accumulation, or more "
            "data",
        )


def _fewer(most: int) -> str:
    """Say how many processes the rows suffice for; not even one asks for a smaller batch."""
    if most < 1:
        return "a smaller micro_batch_size"
    return f"at most {most} process{'es' if most > 1 else ''}"
