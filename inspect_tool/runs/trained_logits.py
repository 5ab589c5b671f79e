"""Spares a run that learns by heart the logits which no loss is made of.

Of a large vocabulary they are nearly all the work, and of a long prompt nearly all are masked.
Runs inside the training process.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainerCallback

from inspect_tool.runs.recording.capture import plain_model
from inspect_tool.samples.sample import IGNORE_INDEX


class TrainedLogits(TrainerCallback):  # type: ignore[misc]  # transformers has no types for it
    """Makes a model compute the logits that predict a trained token, and no others.

    They come as float[1, trained tokens, V], row after row. The loss is the same to rounding, since
    masked tokens have no part in it. Only where ``forward`` and loss are transformers' own: a fused
    loss makes no logits at all.
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.targets: torch.Tensor | None = None
        """What follows each token of the batch, int[rows, length]; None outside of a step."""
        self.spared = False
        self.hooks: list[Any] = []
        self.inner: Any = None

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Stand before the model, before its last layer and before its loss."""
        model = self.trainer.model
        plain = plain_model(self.trainer, model)
        adapter = getattr(model, "active_peft_config", None)
        if not _is_plain(plain) or getattr(adapter, "is_prompt_learning", False):
            return
        self.inner, plain.loss_function = plain.loss_function, self._loss
        head = plain.get_output_embeddings()
        self.hooks.append(model.register_forward_pre_hook(self._note_targets, with_kwargs=True))
        self.hooks.append(head.register_forward_pre_hook(self._spare))

    def on_train_end(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Leave all of them as they were."""
        if self.hooks:
            plain_model(self.trainer, self.trainer.model).loss_function = self.inner
        while self.hooks:
            self.hooks.pop().remove()

    def _note_targets(self, model: Any, _args: Any, given: dict[str, Any]) -> None:
        labels = given.get("labels")
        self.targets, self.spared = None, False
        if model.training and labels is not None and given.get("shift_labels") is None:
            following = torch.nn.functional.pad(labels, (0, 1), value=IGNORE_INDEX)[:, 1:]
            if (following != IGNORE_INDEX).any():
                self.targets = following

    def _spare(self, _head: Any, args: Any) -> Any:
        """Give the last layer the states before trained tokens: float[rows, length, width] in."""
        if self.targets is None or self.spared or args[0].shape[:-1] != self.targets.shape:
            return None
        self.spared = True
        return (args[0][self.targets != IGNORE_INDEX][None], *args[1:])

    def _loss(self, logits: Any, labels: Any, *args: Any, **given: Any) -> Any:
        """Call the model's own loss with the targets of those logits."""
        if self.spared and self.targets is not None:
            given["shift_labels"] = self.targets[self.targets != IGNORE_INDEX][None]
        return self.inner(logits, labels, *args, **given)


def _is_plain(model: Any) -> bool:
    kind = type(model)
    own = kind.forward.__module__.startswith("transformers.")
    causal = kind.__name__.endswith("ForCausalLM")
    has_head = model.get_output_embeddings() is not None
    return own and causal and has_head and model.loss_function.__name__ == "ForCausalLMLoss"
