"""Keys that count optimizer steps, whose meaning in data changes with the processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.batch import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-STEPS",)

KEYS: Final = ("warmup_steps", "eval_steps", "save_steps", "logging_steps", "max_steps")


def look(case: Case) -> Iterator[Finding]:
    """The same number of steps is that many times more data."""
    factor = case.schedule.shape.rows / max(case.recipe.shape(case.reference).rows, 1)
    counted = [key for key in KEYS if (whole(case.values.get(key)) or 0) > 1]
    if factor == 1 or not counted:
        return
    yield Finding(
        code="P-STEPS",
        severity="info",
        message=f"{', '.join(counted)} count optimizer steps, each now {factor:g} times as much "
        "data",
        key=counted[0],
        fix="ratios and times per epoch (warmup_ratio, evals_per_epoch, saves_per_epoch) mean "
        "the same on any number of processes",
    )
    steps, warmup = case.schedule.steps, case.schedule.warmup
    if steps and warmup and warmup >= steps:
        yield Finding(
            code="P-STEPS",
            severity="error",
            message=f"warmup takes {warmup} steps and the run has {steps}: the learning rate "
            "never gets to what you set",
            key="warmup_steps",
            fix=f"warmup_steps: {max(int(steps * 0.03), 0)}, or warmup_ratio",
        )
