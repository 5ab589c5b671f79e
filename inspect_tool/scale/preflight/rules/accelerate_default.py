"""The accelerate config of the user's home: every launch without a config file obeys it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inspect_tool.findings import Finding
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.findings import Severity
    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-STALE-ACCEL",)

SAFE: Final = "the commands printed here pass --config_file and do not read it; else remove"


def look(case: Case) -> Iterator[Finding]:
    """Name the file and what in it disagrees with the YAML and the fleet; it is never changed."""
    found = case.surroundings.accelerate
    if found is None:
        return
    wrong = list(_conflicts(case, found.content)) if found.content is not None else []
    if found.content is None:
        wrong = [("error", "it cannot be read, and accelerate launch will fail on it")]
    severity: Severity = "error" if any(item[0] == "error" for item in wrong) else "warning"
    says = "; ".join(item[1] for item in wrong) or "nothing in it disagrees with the YAML"
    yield Finding(
        code="P-STALE-ACCEL",
        severity=severity,
        message=f"accelerate has a default config, which axolotl train and accelerate launch obey: "
        f"{says}",
        fix=f"{SAFE} {found.file}",
        evidence=safe(str(found.file), newline=" "),
    )


def _conflicts(case: Case, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = str(content.get("distributed_type") or "NO").upper()
    processes = content.get("num_processes")
    if case.many and (kind == "NO" or processes == 1):
        yield "error", f"it starts one process where {case.fleet.processes} are asked for"
    elif isinstance(processes, int) and processes != case.fleet.processes:
        yield "warning", f"it starts {processes} processes, not {case.fleet.processes}"
    if kind == "FSDP" and not case.fsdp:
        yield (
            "error",
            "it turns FSDP on, the YAML does not: the run ends in an error when the model is saved",
        )
    if kind == "DEEPSPEED" and not case.values.get("deepspeed"):
        yield "error", "it turns DeepSpeed on, the YAML names no DeepSpeed config"
    if (kind == "FSDP" and case.values.get("deepspeed")) or (kind == "DEEPSPEED" and case.fsdp):
        yield "error", f"it asks for {kind}, the YAML for the other engine"
    if content.get("use_cpu"):
        yield "error", "it trains on the CPU"
    machines = content.get("num_machines")
    if isinstance(machines, int) and machines != case.fleet.nodes:
        yield "warning", f"it counts {machines} machines, not {case.fleet.nodes}"
    precision = str(content.get("mixed_precision") or "no")
    if precision != "no":
        yield "warning", f"mixed_precision {precision} in it is overruled by the YAML"
