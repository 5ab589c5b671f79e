"""Tasks for the axolotl worker: what axolotl itself counts, to hold our arithmetic against."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from inspect_tool.axolotl_tasks import axolotl_at, load_config

if TYPE_CHECKING:
    from pathlib import Path


def axolotl_steps(config: Path, cwd: Path, folder: Path, processes: int) -> int:
    """Return axolotl's calculate_total_num_steps of a prepared folder on so many processes."""
    with axolotl_at(cwd, offline=True) as scratch:
        from axolotl.utils.trainer import calculate_total_num_steps
        from datasets import load_from_disk

        cfg, _ = load_config(config, scratch)
        own = cfg.micro_batch_size * cfg.gradient_accumulation_steps
        cfg.batch_size = own * processes  # normalize_config: DDP multiplies by the world
        return int(calculate_total_num_steps(cfg, load_from_disk(str(folder)), update=False))


def variables() -> dict[str, str]:
    """Return what of the worker's environment launchers and FSDP would read."""
    prefixes = ("FSDP_", "ACCELERATE_", "WORLD_SIZE", "PARALLELISM_")
    return {key: value for key, value in os.environ.items() if key.startswith(prefixes)}
