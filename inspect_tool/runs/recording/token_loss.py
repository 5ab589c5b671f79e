"""The loss of each token, from the trainer's own forward pass; torch is imported here.

What the loss keeps for its backward pass holds the log-probabilities already; where it does not,
they are computed from the logits. Reads only: nothing is drawn at random, and no tensor of the
trainer is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_NEARBY = 4
"""Steps of a graph within which a loss's cross-entropy is looked for."""
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


def token_loss(outputs: list[Any], labels: Any, *, shift: bool, loss: Any = None) -> TokenLoss:
    """Return the cross-entropy of every labelled token.

    ``outputs`` are the logits of the model's forward passes, float[rows, length, V] or those of the
    trained tokens alone, float[1, trained, V]; ``labels`` int[rows, length];
    ``shift``: the logits of a token predict the next one's label, as in a language model.
    ``loss`` is what the trainer will go back from, None where it will not.
    """
    if len(outputs) != 1:
        return TokenLoss(missing=f"the model ran {len(outputs)} times for one loss")
    logits = outputs[0]
    if logits is None:
        return TokenLoss(missing="the model returned no logits: its loss is fused with its head")
    late = int(shift)
    trained = labels[:, late:] != IGNORE_INDEX
    alone = logits.ndim == 3 and logits.shape[:2] == (1, int(trained.sum()))
    if logits.ndim != 3 or not (alone or logits.shape[:2] == labels.shape):
        return TokenLoss(
            missing=f"the logits have the shape {tuple(logits.shape)}, the labels "
            f"{tuple(labels.shape)}"
        )
    if labels.numel() and int(labels.max()) >= logits.shape[-1]:
        return TokenLoss(missing=f"there are labels beyond the {logits.shape[-1]} logits")
    import torch

    with torch.no_grad():
        targets = labels.to(logits.device)[:, late:]
        asked = targets[trained.to(logits.device)][None] if alone else targets
        found = _of_graph(loss, asked)
        found = _of_logits(logits, asked) if found is None else found
        losses = torch.full(labels.shape, float("nan"), device=logits.device)
        if alone:
            losses[:, late:][trained.to(logits.device)] = found[0]
        else:
            losses[:, late:] = found
    return _summed_up(losses.cpu().numpy(), int(trained.sum()))


def _of_graph(loss: Any, targets: Any) -> Any | None:
    """Return the losses float32[rows, n] of ``targets`` from what the loss saved; None without.

    Not where saved tensors have hooks (offloading): looking at them would run those once more.
    """
    import torch

    try:
        if torch._C._autograd._top_saved_tensors_default_hooks(False) is None:  # noqa: SLF001
            candidates = (
                _of_node(node, targets) for node in _nodes(getattr(loss, "grad_fn", None))
            )
            return next((losses for losses in candidates if losses is not None), None)
    except (RuntimeError, AttributeError):  # another torch, or a tensor that was written since
        pass
    return None


def _of_node(node: Any, targets: Any) -> Any | None:
    """Read a cross-entropy's log-probabilities, if it is of these targets and nothing else."""
    import torch
    from torch.nn.functional import pad

    flat = node._saved_target  # noqa: SLF001  # torch documents the prefix for saved tensors
    length = flat.numel() // max(1, len(targets))
    missing = length - targets.shape[1]
    if missing not in {0, 1} or flat.numel() != len(targets) * length:
        return None
    flat_targets = pad(targets, (0, missing), value=IGNORE_INDEX).view(-1)
    if not torch.equal(flat, flat_targets):
        return None
    likely = node._saved_self.gather(1, flat.clamp(min=0)[:, None])  # noqa: SLF001
    losses = -likely.float().view(len(targets), length)[:, : targets.shape[1]]
    return losses.masked_fill(targets == IGNORE_INDEX, float("nan"))


def _nodes(node: Any) -> Iterator[Any]:
    """Yield the cross-entropies near the end of a graph, past sums and scales of the loss."""
    nearby = [node] if node is not None else []
    for _ in range(_NEARBY):
        yield from (n for n in nearby if n.name() == "NllLossBackward0")
        nearby = [after for n in nearby for after, _ in n.next_functions if after is not None]


def _of_logits(logits: Any, targets: Any) -> Any:
    """Return the losses float32[rows, n] of ``targets``, computed a part at a time."""
    import torch

    losses = torch.full(targets.shape, float("nan"), device=logits.device)
    rows, columns = (targets != IGNORE_INDEX).nonzero(as_tuple=True)
    step = max(1, _AT_ONCE // logits.shape[-1])
    for start in range(0, len(rows), step):
        row, column = rows[start : start + step], columns[start : start + step]
        given = logits[row, column].float()
        of_target = given.gather(-1, targets[row, column, None]).squeeze(-1)
        losses[row, column] = given.logsumexp(-1) - of_target
    return losses


def _summed_up(losses: NDArray[np.float32], labelled: int) -> TokenLoss:
    found = losses[~np.isnan(losses)]
    if len(found) < labelled:
        return TokenLoss(losses, float("nan"))
    return TokenLoss(losses, float(found.mean(dtype=np.float64)) if labelled else None)
