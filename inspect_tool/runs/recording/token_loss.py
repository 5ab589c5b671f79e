"""The loss of each token from the logits of the trainer's own forward pass; torch is imported here.

Reads only: nothing is drawn at random, and no tensor of the trainer is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE = 1 << 24
"""Logits that are raised to float32 at a time: 64 MiB."""


@dataclass(frozen=True)
class TokenLoss:
    """The loss of each token, float32[rows, length] in nats, nan where none; or why there is none.

    ``mean`` is over the tokens that have one, in double precision.
    """

    losses: NDArray[np.float32] | None = None
    mean: float | None = None
    missing: str = ""


def token_loss(outputs: list[Any], labels: Any, *, shift: bool) -> TokenLoss:
    """Return the cross-entropy of every labelled token.

    ``outputs`` are the results of the model's forward passes, ``labels`` int[rows, length];
    ``shift``: the logits of a token predict the next one's label, as in a language model.
    """
    if len(outputs) != 1:
        return TokenLoss(missing=f"the model ran {len(outputs)} times for one loss")
    logits = outputs[0]
    if logits is None:
        return TokenLoss(missing="the model returned no logits: its loss is fused with its head")
    if logits.ndim != 3 or logits.shape[:2] != labels.shape:
        return TokenLoss(
            missing=f"the logits have the shape {tuple(logits.shape)}, the labels "
            f"{tuple(labels.shape)}"
        )
    if labels.numel() and int(labels.max()) >= logits.shape[-1]:
        return TokenLoss(missing=f"there are labels beyond the {logits.shape[-1]} logits")
    return _of_logits(logits, labels, shift=shift)


def _of_logits(logits: Any, labels: Any, *, shift: bool) -> TokenLoss:
    import torch

    late = int(shift)
    with torch.no_grad():
        losses = torch.full(labels.shape, float("nan"), device=logits.device)
        targets = labels.to(logits.device)
        rows, columns = (targets[:, late:] != IGNORE_INDEX).nonzero(as_tuple=True)
        step = max(1, _AT_ONCE // logits.shape[-1])
        for start in range(0, len(rows), step):
            row, column = rows[start : start + step], columns[start : start + step]
            given = logits[row, column].float()
            target = targets[row, column + late, None]
            of_target = given.gather(-1, target).squeeze(-1)
            losses[row, column + late] = given.logsumexp(-1) - of_target
    found = losses.cpu().numpy()
    labelled = found[~np.isnan(found)]
    mean = float(labelled.mean(dtype=np.float64)) if len(rows) else None
    if len(rows) > len(labelled):
        mean = float("nan")
    return TokenLoss(found, mean)
