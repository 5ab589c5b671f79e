"""An axolotl plugin with which N processes on a machine without GPUs really train together.

Without it `accelerate launch` on such a machine trains N separate copies and says nothing:
accelerate finds no backend, and axolotl takes every rank for the main one. The rig gives them gloo
and has accelerate treat the CPU as it treats a GPU, so that DDP, FSDP and DeepSpeed all take the
way they take on GPUs. Nothing is patched where a GPU is visible. For accelerate 1.13.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import torch
from accelerate import PartialState
from accelerate.parallelism_config import ParallelismConfig
from accelerate.utils import DistributedType
from axolotl.integrations.base import BasePlugin


class CpuRig(BasePlugin):  # type: ignore[misc]  # axolotl has no types
    """Lets ranks on CPUs find each other over gloo, as ranks on GPUs do over NCCL."""

    def register(self, cfg: Any) -> None:
        """Patch accelerate; axolotl calls this before it reads anything else of the config."""
        if torch.cuda.is_available():
            return
        os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"
        os.environ["ACCELERATE_BYPASS_DEVICE_MAP"] = "true"  # DDP without device_ids
        PartialState._prepare_backend = _prepare_backend  # noqa: SLF001  # nothing public chooses it
        _build_meshes_of_cpus()
        if cfg.get("deepspeed"):
            _gather_without_gradients()
        if cfg.get("bf16"):
            _allow_bf16()

    def load_datasets(self, cfg: Any, preprocess: bool = False) -> None:
        """Put the model on the CPU: axolotl has just set ``cuda:RANK`` (utils/config)."""
        del preprocess
        if not torch.cuda.is_available():
            cfg.device_map = {"": "cpu"}


def _prepare_backend(
    self: Any, cpu: bool = False, sagemaker_dp: bool = False, backend: str | None = None
) -> tuple[str | None, Any]:
    del self, cpu, sagemaker_dp, backend
    if int(os.environ.get("LOCAL_RANK", "-1")) < 0:
        return None, DistributedType.NO
    return "gloo", DistributedType.MULTI_GPU


def _build_meshes_of_cpus() -> None:
    """Axolotl asks for a mesh of "cuda" devices (utils/distributed.py)."""
    build = ParallelismConfig.build_device_mesh

    @functools.wraps(build)
    def build_on_cpus(self: Any, device_type: str) -> Any:
        del device_type
        return build(self, "cpu")

    ParallelismConfig.build_device_mesh = build_on_cpus


def _gather_without_gradients() -> None:
    """Gloo's gathering refuses the leaves that DeepSpeed writes into."""
    from deepspeed.comm.torch import TorchBackend

    for name in dir(TorchBackend):
        if name.startswith("all_gather"):
            setattr(TorchBackend, name, torch.no_grad()(getattr(TorchBackend, name)))


def _allow_bf16() -> None:
    """CPUs compute in bfloat16; transformers asks for a GPU that does (training_args.py)."""
    from transformers import training_args

    training_args.is_torch_bf16_gpu_available = lambda: True
