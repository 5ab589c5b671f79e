"""Whether both runs compute the same: first weights, learning rate, loss and gradient norm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from inspect_tool.findings import Finding
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.rehearsal.recorded import apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.rehearsal.facts import Step
    from inspect_tool.scale.rehearsal.recorded import Recorded

_NAMED = 0.01
"""A ratio this close to one with a name is called by it."""
_EXACT = 1e-9
"""Learning rates are computed from the same numbers in the same way."""


def find_weights(recorded: Recorded) -> Iterator[Finding]:
    """Yield where the first weights differ; the first loss does not show it of an adapter."""
    one, many = recorded.reference, recorded.trainings
    if len({training.trainable for training in many}) > 1:
        yield _error("R-WEIGHTS", "the ranks start from different weights", key="seed")
    elif any(training.trainable != one.trainable for training in many):
        frozen = one.frozen is not None and all(t.frozen == one.frozen for t in many)
        if frozen:
            yield _error(
                "R-ADAPTER",
                "the adapter starts from other weights: it was not seeded, or not alike",
                key="adapter",
                fix="axolotl seeds with the trainer, after the adapter is made: transformers' "
                "set_seed in a plugin's pre_lora_load",
            )
        else:
            yield _error("R-WEIGHTS", "the runs start from different weights", key="seed")


def find_drift(recorded: Recorded) -> Iterator[Finding]:
    """Yield where ranks that should hold the same weights no longer do."""
    after = {rank.weights for rank in recorded.many if rank.ended}
    if recorded.fleet.strategy is Strategy.DDP and len(after) > 1:
        yield _error(
            "R-DRIFT",
            "after the last step the ranks hold different weights: gradients are not averaged "
            "over them",
        )


def find_learning_rate(recorded: Recorded) -> Iterator[Finding]:
    """Yield the first step with another learning rate; losses show it only later."""
    for one, ranks in recorded.pairs:
        for other in ranks:
            if one.learning_rate is None or other.learning_rate is None:
                continue
            if apart(one.learning_rate, other.learning_rate) > _EXACT:
                yield _error(
                    "R-LR",
                    f"step {one.step} has the learning rate {other.learning_rate:g} instead of "
                    f"{one.learning_rate:g}{_ratio(one.learning_rate, other.learning_rate)}",
                    key="learning_rate",
                    fix="the same rate and schedule belong to the same global batch",
                )
                return


def find(recorded: Recorded) -> Iterator[Finding]:
    """Yield the first step whose loss differs, or else whose gradient norm does."""
    for one, ranks in recorded.pairs:
        loss = ranks[0].loss
        if not math.isfinite(one.loss) or not math.isfinite(loss):
            yield _error(
                "R-NAN", f"the loss of step {one.step} is not a finite number", key="datasets"
            )
            return
        if apart(one.loss, loss) > recorded.tolerance.loss:
            yield _loss(recorded, one, loss)
            return
    for one, ranks in recorded.pairs:
        norm, other = one.grad_norm, ranks[0].grad_norm
        if norm is None or other is None:
            continue
        if apart(norm, other) > recorded.tolerance.grad_norm:
            said = _scale(norm, other, recorded.fleet.processes)
            yield _error(
                "R-GRAD-NORM",
                f"step {one.step} has the gradient norm {other:.6g} instead of {norm:.6g}"
                f"{_ratio(norm, other)}{said}",
            )
            return


def _loss(recorded: Recorded, one: Step, many: float) -> Finding:
    weighted = _token_weighted(one)
    tolerance = 10 * recorded.tolerance.loss
    if weighted is not None and apart(weighted, many) < tolerance < apart(weighted, one.loss):
        return _error(
            "R-TOKEN-WEIGHTING",
            f"step {one.step} has the loss {many:.6g} instead of {one.loss:.6g}"
            f"{_ratio(one.loss, many)}: every token counts the same there, on one process every "
            "micro batch",
            fix="average_tokens_across_devices and model_accepts_loss_kwargs must be the same",
        )
    return _error(
        "R-LOSS",
        f"step {one.step} has the loss {many:.6g} instead of {one.loss:.6g}"
        f"{_ratio(one.loss, many)}{_scale(one.loss, many, recorded.fleet.processes)}, "
        "on the same rows and weights",
    )


def _token_weighted(step: Step) -> float | None:
    """Return the step's loss if every token counted the same; None where tokens are unknown."""
    tokens = [batch.trained for batch in step.batches]
    total = sum(count or 0 for count in tokens)
    if not total or None in tokens:
        return None
    means = ((b.loss * len(step.batches), b.trained or 0) for b in step.batches)
    return sum(mean * count for mean, count in means) / total


def _ratio(one: float, many: float) -> str:
    return f" ({many / one:.6g} times)" if one else ""


def _scale(one: float, many: float, processes: int) -> str:
    """Name a ratio that says what was forgotten."""
    ratio = many / one if one else 0.0
    if abs(ratio / processes - 1) < _NAMED:
        return f": the sum over {processes} processes, not their mean"
    if abs(ratio * processes - 1) < _NAMED:
        return f": divided by {processes} processes once more"
    return ""


def _error(code: str, message: str, *, key: str | None = None, fix: str = "") -> Finding:
    return Finding(code=code, severity="error", message=message, key=key, fix=fix)
