"""ddp: false, with which axolotl counts the steps of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-DDP-STEPS",)


def look(case: Case) -> Iterator[Finding]:
    """The batch is then not multiplied by the world, so the run is that many times too long."""
    if case.many and not case.recipe.counts_world and not case.recipe.max_steps:
        yield Finding(
            code="P-DDP-STEPS",
            severity="error",
            message=f"with ddp: false axolotl counts the steps of one process: "
            f"{case.schedule.shape.world} processes see the data "
            f"{case.schedule.shape.world} times as often as num_epochs says",
            key="ddp",
            fix="take it out; axolotl sets it where there are several processes",
        )
