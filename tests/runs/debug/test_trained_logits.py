"""Logits of trained tokens alone: a real tiny model's loss and gradients stay what they were."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.runs.trained_logits import TrainedLogits

pytestmark = pytest.mark.slow

LABELS = [[-100, -100, 5, 6, -100, 7], [-100, 8, -100, -100, -100, -100]]


class Spared(NamedTuple):
    """A model, the callback that stands before it, and one batch."""

    model: Any
    callback: TrainedLogits
    batch: dict[str, Any]


@pytest.fixture
def spared() -> Iterator[Spared]:
    """A Llama of one layer, not yet watched."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

    from inspect_tool.runs.trained_logits import TrainedLogits

    set_seed(1)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=50, num_hidden_layers=1, **sizes)).train()
    labels = torch.tensor(LABELS)
    accelerator = SimpleNamespace(unwrap_model=lambda model: model)
    callback = TrainedLogits(SimpleNamespace(model=model, accelerator=accelerator))
    yield Spared(model, callback, {"input_ids": labels.clamp(min=1), "labels": labels})
    callback.on_train_end(None, None, None)


def stepped(spared: Spared) -> tuple[float, Any, Any]:
    """Return the loss, the embedding's gradient and the logits of one step."""
    spared.model.zero_grad()
    output = spared.model(**spared.batch)
    output.loss.backward()
    gradient = spared.model.get_input_embeddings().weight.grad.numpy().copy()
    return float(output.loss.detach()), gradient, output.logits


def test_nothing_else_changes(spared: Spared) -> None:
    """Loss and gradients are the same; logits come for the four trained tokens alone."""
    loss, gradient, _ = stepped(spared)
    spared.callback.on_train_begin(None, None, None)
    again, same, logits = stepped(spared)

    assert logits.shape == (1, 4, 50)
    assert again == pytest.approx(loss, rel=1e-6)
    assert np.allclose(gradient, same, atol=1e-7)


def test_the_recorder_knows_the_tokens(spared: Spared) -> None:
    """Each loss stands at its own token, as with all logits."""
    from inspect_tool.runs.recording.token_loss import token_loss

    labels = spared.batch["labels"]
    whole = token_loss([stepped(spared)[2]], labels, shift=True)
    spared.callback.on_train_begin(None, None, None)
    alone = token_loss([stepped(spared)[2]], labels, shift=True)

    assert whole.losses is not None
    assert alone.losses is not None
    assert np.allclose(whole.losses, alone.losses, atol=1e-5, equal_nan=True)


def test_afterwards_the_model_is_its_own(spared: Spared) -> None:
    """After training, and where nothing is trained, all logits come."""
    spared.callback.on_train_begin(None, None, None)
    evaluated = spared.model.eval()(**spared.batch).logits
    spared.callback.on_train_end(None, None, None)

    assert evaluated.shape == (2, 6, 50)
    assert stepped(spared._replace(model=spared.model.train()))[2].shape == (2, 6, 50)
