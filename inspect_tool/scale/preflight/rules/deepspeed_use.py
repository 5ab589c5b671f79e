"""DeepSpeed on one process, and DeepSpeed that is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-DS-MISSING", "P-DS-ONE")


def look(case: Case) -> Iterator[Finding]:
    """Both end a run early, with a message about something else."""
    if not case.values.get("deepspeed") or case.fsdp:
        return
    if not case.surroundings.has_deepspeed:
        yield Finding(
            code="P-DS-MISSING",
            severity="info" if case.elsewhere else "warning",
            message="deepspeed is not installed here, so its own checks were not made",
            key="deepspeed",
            fix="pip install 'axolotl[deepspeed]' where the run starts",
        )
    if not case.many:
        yield Finding(
            code="P-DS-ONE",
            severity="warning",
            message="DeepSpeed on one process shards nothing, and starts NCCL for itself alone",
            key="deepspeed",
            fix="take deepspeed out for one GPU (--strategy ddp)",
        )
