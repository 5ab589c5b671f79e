"""The machine as a training run will find it: versions, GPUs, caches, and what does not fit.

Everything is read from metadata, files and nvidia-smi; no library that is looked at is imported.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.runs.doctor.requirements import unmet

if TYPE_CHECKING:
    from inspect_tool.findings import Finding

PACKAGES = (
    "axolotl-inspect",
    "axolotl",
    "torch",
    "transformers",
    "datasets",
    "accelerate",
    "peft",
    "trl",
    "bitsandbytes",
    "tokenizers",
    "sentencepiece",
    "pyarrow",
    "textual",
    "debugpy",
)
"""What a report of a problem needs the versions of."""

SETTINGS = (
    "HF_HOME",
    "HF_HUB_OFFLINE",
    "AXOLOTL_DO_NOT_TRACK",
    "CUDA_VISIBLE_DEVICES",
    "ACCELERATE_CONFIG_FILE",
    "NO_COLOR",
    "TERM",
)
"""Environment variables that change what happens; none of them is a secret."""

SMI_SECONDS = 20.0
"""A broken driver makes nvidia-smi hang; then there is no GPU to speak of."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU as its driver reports it; ``memory`` in MiB."""

    name: str
    memory: int
    driver: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form."""
        return {"name": self.name, "memory_mib": self.memory, "driver": self.driver}


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder that libraries fill; ``free`` is the room left on its disk, bytes."""

    name: str
    path: Path
    exists: bool
    free: int

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form."""
        return {
            "name": self.name,
            "path": str(self.path),
            "exists": self.exists,
            "free_bytes": self.free,
        }


@dataclass(frozen=True)
class Machine:
    """What was found; a package that is not installed has the version None."""

    python: str
    system: str
    versions: dict[str, str | None]
    gpus: tuple[Gpu, ...]
    torch_cuda: str | None
    """The CUDA version that torch was built for, None for a CPU build or no torch."""
    caches: tuple[Cache, ...]
    settings: dict[str, str]
    accelerate_config: Path | None
    """Accelerate's default config, which every `accelerate launch` obeys, where there is one."""
    unmet: tuple[str, ...]
    """Requirements of axolotl or of this tool that the installed set does not meet."""

    def to_json(self, findings: list[Finding]) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/doctor.json)."""
        return {
            "python": self.python,
            "system": self.system,
            "versions": self.versions,
            "gpus": [gpu.to_json() for gpu in self.gpus],
            "torch_cuda": self.torch_cuda,
            "caches": [cache.to_json() for cache in self.caches],
            "settings": self.settings,
            "findings": [finding.to_json() for finding in findings],
        }


def examine() -> Machine:
    """Look at this machine; a second at most, nothing is changed."""
    from huggingface_hub.constants import HF_HOME, HF_HUB_CACHE

    home = Path(HF_HOME)
    named = (("hub", Path(HF_HUB_CACHE)), ("datasets", _datasets_cache(home)))
    default = home / "accelerate" / "default_config.yaml"
    return Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        versions={name: version_of(name) for name in PACKAGES},
        gpus=gpus(),
        torch_cuda=_torch_cuda(),
        caches=tuple(_cache(name, path) for name, path in named),
        settings={name: os.environ[name] for name in SETTINGS if name in os.environ},
        accelerate_config=default if default.is_file() else None,
        unmet=tuple(unmet("axolotl", "axolotl-inspect")),
    )


def version_of(package: str) -> str | None:
    """Return the installed version of a package, None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def gpus() -> tuple[Gpu, ...]:
    """Ask nvidia-smi for the GPUs of this machine; none where there is none, or no driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(
            [program, *query], capture_output=True, text=True, timeout=SMI_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    rows = [line.rsplit(",", 2) for line in answer.stdout.splitlines()]
    return tuple(
        Gpu(name.strip(), int(memory), driver.strip())
        for name, memory, driver in (row for row in rows if len(row) == 3)
        if memory.strip().isdigit()
    )


def _torch_cuda() -> str | None:
    """Read torch/version.py, which its build writes, rather than import torch."""
    found = util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    try:
        lines = (Path(found.origin).parent / "version.py").read_text("utf-8").splitlines()
    except OSError:
        return None
    value = next((line.partition("=")[2] for line in lines if line.startswith("cuda")), "")
    return value.strip().strip("'\"").replace("None", "") or None


def _datasets_cache(home: Path) -> Path:
    return Path(os.environ.get("HF_DATASETS_CACHE") or home / "datasets")


def _cache(name: str, path: Path) -> Cache:
    there = next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))
    return Cache(name, path, path.is_dir(), shutil.disk_usage(there).free)
