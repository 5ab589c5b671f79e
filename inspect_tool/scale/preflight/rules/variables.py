"""Variables that accelerate and axolotl read before the YAML, left by another run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Severity
    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-ENV",)

ENGINES: Final = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_CPU": "the CPU",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
}
RANKS: Final = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
OWN: Final = ("ACCELERATE_CONFIG_FILE",)
"""Read by nothing that is started here."""


def look(case: Case) -> Iterator[Finding]:
    """Name each one that is set now."""
    for name, value in case.surroundings.variables.items():
        if name in OWN or name == "CUDA_VISIBLE_DEVICES":
            continue
        severity, why = _said(case, name, value)
        yield Finding(
            code="P-ENV",
            severity=severity,
            message=f"{name} is set: {why}",
            fix=f"unset {name}",
            evidence=safe(f"{name}={value}", newline=" "),
        )


def _said(case: Case, name: str, value: str) -> tuple[Severity, str]:
    on = value.lower() in ("1", "true", "yes")
    if name in ENGINES:
        wanted = {
            "FSDP": bool(case.fsdp),
            "DeepSpeed": bool(case.values.get("deepspeed")),
        }.get(ENGINES[name], False)
        if on and not wanted:
            return "error", f"it turns {ENGINES[name]} on, which the YAML does not ask for"
        return "info", "the YAML says the same" if on else "it is off"
    if name in RANKS:
        return (
            "warning",
            "a launcher left it; a run that is started without one takes it for its own",
        )
    if name == "AXOLOTL_NCCL_TIMEOUT":
        return "warning", f"it overrules ddp_timeout: collectives end after {value} s"
    if name.startswith("FSDP_"):
        off = "axolotl sets those that the YAML turns on and leaves the others as they are"
        return ("warning" if case.fsdp else "info"), off
    return "warning", "accelerate reads it before the YAML's settings"
