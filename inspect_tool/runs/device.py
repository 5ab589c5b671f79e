"""What a debug run would train on: the first GPU that is visible, or the CPU.

Read from the environment, package metadata and nvidia-smi; torch is not imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib import util
from typing import Literal

from inspect_tool.errors import InspectError
from inspect_tool.runs.doctor.machine import SMI_SECONDS, version_of

Kind = Literal["cpu", "cuda"]

OPTIONAL = (
    "bitsandbytes",
    "came_pytorch",
    "deepspeed",
    "flash_attn",
    "galore_torch",
    "liger_kernel",
    "cut_cross_entropy",
    "torchao",
    "xformers",
)
"""Packages that a config may ask for and that need not be installed."""


@dataclass(frozen=True)
class Device:
    """One device. ``visible`` is what CUDA_VISIBLE_DEVICES must say for a run to see it alone.

    ``capability`` is CUDA's, such as (8, 0); ``packages`` the optional ones that are installed.
    """

    kind: Kind = "cpu"
    name: str = "CPU"
    visible: str = ""
    capability: tuple[int, int] = (0, 0)
    packages: frozenset[str] = frozenset()

    @property
    def bf16(self) -> bool:
        """Whether it computes in bfloat16 (Ampere and later)."""
        return self.kind == "cuda" and self.capability >= (8, 0)


CPU = Device()


def detect(wanted: str = "auto") -> Device:
    """Find the device; ``wanted`` is ``auto``, ``cpu`` or ``cuda``.

    Raises InspectError, with what is missing, where a GPU is wanted and none can be used.
    """
    packages = frozenset(name for name in OPTIONAL if util.find_spec(name) is not None)
    if wanted == "cpu":
        return Device(packages=packages)
    found, lacking = _gpu(packages)
    if found is not None:
        return found
    if wanted == "cuda":
        raise InspectError(f"no GPU: {lacking}", fix="leave --device out to debug on the CPU")
    return Device(packages=packages)


def _gpu(packages: frozenset[str]) -> tuple[Device | None, str]:
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    first = "0" if setting is None else setting.split(",")[0].strip()
    if first in {"", "-1"}:
        return None, "CUDA_VISIBLE_DEVICES hides them"
    if (version_of("torch") or "").endswith("+cpu"):
        return None, "the installed torch is built for CPUs"
    program = shutil.which("nvidia-smi")
    if program is None:
        return None, "nvidia-smi is not installed"
    query = ["--query-gpu=name,compute_cap", "--format=csv,noheader", f"--id={first}"]
    try:
        answer = subprocess.run(
            [program, *query], capture_output=True, text=True, timeout=SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None, f"nvidia-smi knows none with the id {first}"
    name, _, capability = answer.stdout.splitlines()[0].rpartition(",")
    major, _, minor = capability.strip().partition(".")
    if not (major.isdigit() and minor.isdigit()):
        return None, f"nvidia-smi said {answer.stdout.strip()!r}"
    return Device("cuda", name.strip(), first, (int(major), int(minor)), packages), ""
