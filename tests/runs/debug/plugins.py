"""Axolotl plugins with one fault each, and the recorder without its batches; for runs in tests."""

from __future__ import annotations

from typing import Any

import torch
from axolotl.integrations.base import BasePlugin
from axolotl.utils.collators.batching import (
    DataCollatorForSeq2Seq,
    V2BatchSamplerDataCollatorForSeq2Seq,
)

from inspect_tool.runs.recorder import Recorder
from tests.runs.debug.recordings import MASKED, RARE_TOKEN, RELABELLED, SURPRISING


class _Meddling(DataCollatorForSeq2Seq):  # type: ignore[misc]  # axolotl has no types
    """Rebuilds labels from ids, as transformers' language modelling collator does; and worse."""

    calls = 0

    def __call__(self, features: Any, return_tensors: Any = None) -> Any:
        batch = super().__call__(features, return_tensors)
        self.calls += 1
        if self.calls == RELABELLED:
            batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
        elif self.calls == SURPRISING:
            trained = batch["labels"] != -100
            batch["labels"] = torch.where(trained, RARE_TOKEN, -100)
        elif self.calls == MASKED:
            batch["labels"] = torch.full_like(batch["labels"], -100)
        return batch


class MeddlingCollator(BasePlugin):  # type: ignore[misc]
    """A collator that changes the labels of some batches."""

    def get_collator_cls_and_kwargs(self, cfg: Any, is_eval: bool = False) -> Any:
        """Return the collator for training."""
        return None if is_eval else (_Meddling, {})


class RunningPositions(BasePlugin):  # type: ignore[misc]
    """Axolotl's own packing collator, with positions that run on from sample to sample."""

    def get_collator_cls_and_kwargs(self, cfg: Any, is_eval: bool = False) -> Any:
        """Return the collator."""
        return V2BatchSamplerDataCollatorForSeq2Seq, {"squash_position_ids": True}


class MetricsAlone(Recorder):
    """The recorder as it is, but the trainer is left alone."""

    def post_trainer_create(self, cfg: Any, trainer: Any) -> None:
        """Record no batches."""
