"""What is found around a launch: variables, accelerate's default config, GPUs, packages, disk.

Looked at, never changed. Everything is of this machine; a fleet may be another one.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.runs.bases import absolute
from inspect_tool.runs.doctor.machine import Gpu, gpus

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIXES = ("ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_", "DEEPSPEED_")
VARIABLES = (
    "AXOLOTL_NCCL_TIMEOUT",
    "CUDA_VISIBLE_DEVICES",
    "LOCAL_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
    "RANK",
    "WORLD_SIZE",
)
"""What accelerate, axolotl and torch read before the YAML, besides the prefixes."""


@dataclass(frozen=True)
class AccelerateDefault:
    """The config that every ``accelerate launch`` without ``--config_file`` obeys."""

    file: Path
    content: Mapping[str, Any] | None
    """None where it cannot be read."""


@dataclass(frozen=True)
class Surroundings:
    """What was found. ``gpus`` are this machine's; ``free`` bytes on the output folder's disk."""

    variables: Mapping[str, str] = field(default_factory=dict)
    accelerate: AccelerateDefault | None = None
    gpus: tuple[Gpu, ...] = ()
    has_deepspeed: bool = False
    free: int | None = None


def look_around(output_dir: str, *, cwd: Path) -> Surroundings:
    """Look at this machine; takes the time of one nvidia-smi where there is one."""
    return Surroundings(
        variables={
            name: value
            for name, value in sorted(os.environ.items())
            if value and (name in VARIABLES or name.startswith(PREFIXES))
        },
        accelerate=accelerate_default(),
        gpus=gpus(),
        has_deepspeed=util.find_spec("deepspeed") is not None,
        free=_free(absolute(output_dir, base=cwd)),
    )


def accelerate_default() -> AccelerateDefault | None:
    """Find the file where accelerate does (commands/config/config_args.py); None: there is none."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{cache}/huggingface"
    file = Path(home).expanduser() / "accelerate" / "default_config.yaml"
    if not file.is_file():
        return None
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return AccelerateDefault(file, None)
    return AccelerateDefault(file, content if isinstance(content, dict) else None)


def _free(folder: Path) -> int | None:
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    try:
        return shutil.disk_usage(there).free if there else None
    except OSError:
        return None
