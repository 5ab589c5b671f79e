"""batch_size, which does not mean what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-BATCH-SIZE",)


def look(case: Case) -> Iterator[Finding]:
    """It sets the accumulation only beside an empty one, and else only the number of steps."""
    recipe, written = case.recipe, case.recipe.batch_size
    if not written:
        return
    if recipe.accumulation == 0:
        yield Finding(
            code="P-BATCH-SIZE",
            severity="error",
            message=f"batch_size {written} is less than micro_batch_size {recipe.micro}: "
            "accumulation becomes 0, and training ends in a ZeroDivisionError once the model is "
            "loaded",
            key="batch_size",
            fix="write gradient_accumulation_steps instead",
        )
        return
    real = recipe.micro * recipe.accumulation
    if real != written:
        yield Finding(
            code="P-BATCH-SIZE",
            severity="error",
            message=f"batch_size {written} counts the steps, but a process trains {real} rows a "
            f"step (micro_batch_size {recipe.micro} x accumulation {recipe.accumulation}): the run "
            f"sees {real / written:.2g} of the epochs that it says",
            key="batch_size",
            fix=f"gradient_accumulation_steps: {max(written // recipe.micro, 1)}, without "
            "batch_size",
        )
