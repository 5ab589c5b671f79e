"""What of a machine will get in a run's way, each with the command that mends it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from inspect_tool.findings import SEVERITIES, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.runs.doctor.machine import Machine

LITTLE_ROOM = 20 * 10**9
"""Bytes; a 7B model in bf16 is 15 GB, and a download that fills the disk fails late."""


def problems(machine: Machine) -> list[Finding]:
    """Return what to mend, the worst first."""
    found = [*_packages(machine), *_gpu(machine), *_room(machine), *_accelerate(machine)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _packages(machine: Machine) -> Iterator[Finding]:
    if machine.versions["axolotl"] is None:
        yield Finding(
            code="P-NO-AXOLOTL",
            severity="info",
            message="axolotl is not installed: prepared datasets can be looked at, "
            "preparing and debugging need it",
            fix="pip install 'axolotl-inspect[train]'",
        )
    for requirement in machine.unmet:
        wanted, _, why = requirement.partition(" ")
        yield Finding(
            code="P-VERSIONS",
            severity="warning",
            message=f"{wanted} {why}",
            count=1,
            fix=f"pip install {shlex.quote(wanted)}",
        )


def _gpu(machine: Machine) -> Iterator[Finding]:
    has_torch = machine.versions["torch"] is not None
    if machine.gpus and has_torch and machine.torch_cuda is None:
        yield Finding(
            code="P-TORCH-CPU",
            severity="error",
            message="there is a GPU, but the installed torch is built for the CPU alone",
            count=len(machine.gpus),
            fix="pip install --force-reinstall torch",
        )
    if not machine.gpus:
        yield Finding(
            code="P-NO-GPU",
            severity="info",
            message="no GPU was found: inspecting needs none, debug runs go to the CPU",
            fix="nvidia-smi lists the GPUs that the driver knows",
        )


def _room(machine: Machine) -> Iterator[Finding]:
    for cache in machine.caches:
        if cache.free < LITTLE_ROOM:
            yield Finding(
                code="P-DISK",
                severity="warning",
                message=f"{cache.free / 1e9:.1f} GB are left for the {cache.name} cache",
                count=1,
                fix="set HF_HOME to a folder on a larger disk, or run `hf cache prune`",
                evidence=str(cache.path),
            )


def _accelerate(machine: Machine) -> Iterator[Finding]:
    if machine.accelerate_config is None:
        return
    yield Finding(
        code="P-STALE-ACCEL",
        severity="warning",
        message="accelerate has a default config, which every `accelerate launch` obeys, "
        "also one meant for another project",
        count=1,
        fix=f"accelerate launch --config_file YOURS, or rm {machine.accelerate_config}",
        evidence=str(machine.accelerate_config),
    )
