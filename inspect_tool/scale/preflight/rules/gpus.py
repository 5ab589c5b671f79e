"""Processes and the GPUs there are for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-GPUS", "P-CPU-PROCESSES")


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Hold a machine's share of the processes against its GPUs."""
    here = len(case.surroundings.gpus)
    visible = case.surroundings.variables.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and here:
        here = min(
            here, len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
        )
    if case.elsewhere:
        yield Unknown("P-GPUS", "the GPUs are on another machine")
        return
    if here == 0:
        yield Unknown("P-GPUS", "no GPU was found on this machine")
        if case.many:
            yield _no_gpu(case)
        return
    if case.fleet.per_node > here:
        yield Finding(
            code="P-GPUS",
            severity="error",
            message=f"{case.fleet.per_node} processes a machine, but {here} GPUs here: the "
            "others end with an invalid device ordinal",
            fix=f"--processes {here * case.fleet.nodes}, or --gpu NAME for another machine",
            evidence=", ".join(gpu.name for gpu in case.surroundings.gpus),
        )


def _no_gpu(case: Case) -> Finding:
    return Finding(
        code="P-CPU-PROCESSES",
        severity="info",
        message="this machine has no GPU: accelerate launch --cpu --num_processes "
        f"{case.fleet.processes} runs one process, and --multi_gpu runs {case.fleet.processes} "
        "that never exchange a gradient; both end well",
        fix="--rehearse trains small on CPUs and proves that its processes talk to each other",
    )
