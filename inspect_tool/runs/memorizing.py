"""An axolotl plugin that ends training once every answer is learned, and keeps what it began with.

Runs inside the training process of ``debug --memorize``. Learned means that every single trained
token is the most likely one by far: a small mean loss hides one token that is not.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from axolotl.integrations.base import BasePlugin
from transformers import GenerationConfig, TrainerCallback

from inspect_tool.runs.journal import RUN_KEY
from inspect_tool.runs.recording.token_loss import TokenLoss, token_loss
from inspect_tool.runs.trained_logits import TrainedLogits

CERTAIN = 0.25
"""Nats that the least likely trained token may cost: then it is the most likely one by far."""
NEAR = 0.1
"""Mean loss from which on single tokens are looked at."""


class Memorizing(BasePlugin):  # type: ignore[misc]  # axolotl has no types
    """Writes a tiny base below the run's folder before an adapter joins it; ends in time."""

    def post_model_build(self, cfg: Any, model: Any) -> None:
        """Keep random weights that an adapter is trained on, with the base model's own stops."""
        folder = Path(str(cfg.base_model))
        run = os.environ.get(RUN_KEY)
        if not (cfg.reinit_weights and run and folder.is_relative_to(run)):
            return
        if (folder / "generation_config.json").is_file():
            model.generation_config = GenerationConfig.from_pretrained(folder)
        if cfg.adapter:
            model.save_pretrained(folder)

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Return the callbacks that end training and spare it what no loss is made of."""
        del cfg
        return [TrainedLogits(trainer), _UntilLearned(trainer)]


class _UntilLearned(TrainerCallback):  # type: ignore[misc]
    """Ends training once no trained token of any batch of the last epoch was in doubt."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.near = False
        self.worst = math.inf
        self.learned = 0
        self.hook: Any = None

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Watch the model's outputs."""
        self.hook = self.trainer.model.register_forward_hook(self._look, with_kwargs=True)

    def on_train_end(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Leave the model as it was."""
        if self.hook is not None:
            self.hook.remove()

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        """Count the batches that are learned, one after the other."""
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        self.learned = self.learned + 1 if self.worst < CERTAIN else 0
        self.near, self.worst = float(loss) < NEAR, math.inf
        batches = math.ceil(len(self.trainer.train_dataset) / max(1, args.train_batch_size))
        if self.learned >= batches:
            print(f"inspect-tool: learned by heart after {state.global_step} steps, loss {loss}")
            control.should_training_stop = True

    def _look(self, _model: Any, _inputs: Any, given: dict[str, Any], output: Any) -> None:
        """Note the loss of the least likely trained token of a batch."""
        labels, logits = given.get("labels"), getattr(output, "logits", None)
        if self.near and labels is not None and logits is not None:
            self.worst = _worst(token_loss([logits], labels, shift=True))


def _worst(found: TokenLoss) -> float:
    """Return the highest loss of a trained token; infinite where one has none."""
    if found.losses is None or found.mean is None or not math.isfinite(found.mean):
        return math.inf
    return float(np.nanmax(found.losses))
