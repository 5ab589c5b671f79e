"""Axolotl plugins that each make one mistake of many processes, for rehearsals to find."""

from __future__ import annotations

import os
import signal
from typing import Any

import torch
from axolotl.integrations.base import BasePlugin
from transformers import TrainerCallback

from inspect_tool.scale.rig import CpuRig


class Apart(CpuRig):
    """The model is on the CPU and the ranks do not meet: accelerate finds no backend there."""

    def register(self, cfg: Any) -> None:
        """Patch nothing."""


class RepeatedBatch(BasePlugin):  # type: ignore[misc]
    """Rank 1 trains its first batch over and over."""

    def post_trainer_create(self, cfg: Any, trainer: Any) -> None:
        """Give the trainer the first batch instead of each later one."""
        del cfg
        train, kept = trainer.training_step, []

        def repeat(model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
            kept.append(inputs)
            return train(model, kept[0] if _rank() == 1 else inputs, *rest, **options)

        trainer.training_step = repeat


class UnseededAdapter(BasePlugin):  # type: ignore[misc]
    """The adapter is made from another random state."""

    def pre_lora_load(self, cfg: Any, model: Any) -> None:
        """Draw from a state that no seed gave."""
        del cfg, model
        torch.manual_seed(os.getpid())


class KilledRank(BasePlugin):  # type: ignore[misc]
    """Rank 1 is killed after the first step."""

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Return what ends the process."""
        del cfg, trainer
        return [_Kill()]


class StuckRank(BasePlugin):  # type: ignore[misc]
    """Rank 1 does nothing any more after the first step, and the other one waits for it."""

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Return what waits for ever."""
        del cfg, trainer
        return [_Wait()]


class _Wait(TrainerCallback):  # type: ignore[misc]
    def on_step_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        if state.global_step == 1 and _rank() == 1:
            signal.pause()


class _Kill(TrainerCallback):  # type: ignore[misc]
    def on_step_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        if state.global_step == 1 and _rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))
