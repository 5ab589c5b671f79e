"""Several machines that write one output folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-SHARED-OUTPUT",)


def look(case: Case) -> Iterator[Finding]:
    """At the end each machine's first process saves the model (train.py save_trained_model)."""
    plain = not case.fsdp and not case.values.get("deepspeed")
    if case.fleet.nodes > 1 and plain:
        yield Finding(
            code="P-SHARED-OUTPUT",
            severity="warning",
            message=f"{case.fleet.nodes} machines save the final model to output_dir at the same "
            "time, each its first process: on a shared disk they overwrite one another",
            key="output_dir",
            fix="an output_dir on each machine's own disk, or copy the model from one of them",
        )
