"""Runs whose log names no error: ended by a signal, or ended well with numbers that are not."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from inspect_tool.runs.failures.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_STEPS = "F-NO-STEPS"
"""The code of a run that trained nothing and said nothing."""
CRASHED = "F-CRASHED"
"""The code of a process that a compiled library ended."""
_SHELL = 128
"""Added to a signal's number by shells and containers."""
_SIGNALS = {
    signal.SIGKILL: Failure(
        code="F-KILLED",
        cause="axolotl was killed (signal 9), most often for want of memory",
        fix="`dmesg` names the out-of-memory killer; lower micro_batch_size or sequence_len, or "
        "give the machine or container more memory",
        keys=("micro_batch_size", "sequence_len", "base_model"),
    ),
    signal.SIGSEGV: Failure(
        code=CRASHED,
        cause="a compiled library crashed (signal 11)",
        fix="mostly one built for another torch or CUDA: `inspect-tool doctor` lists versions",
    ),
    signal.SIGABRT: Failure(
        code=CRASHED,
        cause="a compiled library gave up (signal 6)",
        fix="the log's last lines are its own; `inspect-tool doctor` lists versions",
    ),
    signal.SIGBUS: Failure(
        code=CRASHED,
        cause="memory that was mapped is gone (signal 7)",
        fix="shared memory or the disk is full, or a data file was cut while it was read",
    ),
}


DIED = Failure(
    code="F-DIED",
    cause="its process was ended from outside, without a word",
    fix="kill -9, the out-of-memory killer (`dmesg` names it), a closed session, or the machine",
)
"""What is said of a run whose process is gone and whose log does not say why."""


def of_signal(exit_status: int | None) -> Failure | None:
    """Say which signal ended a process (-9, or 137 as shells have it); None for other ends."""
    if exit_status is None:
        return None
    number = -exit_status if exit_status < 0 else exit_status - _SHELL
    if number <= 0:
        return None
    try:
        found = signal.Signals(number)
    except ValueError:
        return None
    if found in _SIGNALS:
        return _SIGNALS[found]
    return Failure(
        code="F-SIGNAL",
        cause=f"axolotl was ended by signal {number}, {found.name}",
        fix="something outside the run ended it: a scheduler, a time limit, or a person",
    )


def of_metrics(steps: Sequence[dict[str, Any]], *, rewarded: bool = False) -> Failure | None:
    """Judge a training run that ended without an error by its recorded ``steps``.

    ``rewarded``: its loss may be 0 though tokens are trained, as where all rewards are equal.
    """
    trained = [step for step in steps if "loss" in step]
    if not trained:
        return Failure(
            code=NO_STEPS,
            cause="axolotl ended without an error and without one training step",
            fix="there were fewer samples, or packed batches, than one step takes: lower "
            "micro_batch_size or gradient_accumulation_steps, turn sample_packing off, or add data",
            keys=("sample_packing", "micro_batch_size", "gradient_accumulation_steps"),
        )
    odd = next((step for step in trained if _overflowed(step)), None)
    if odd is not None:
        return _not_finite(odd)
    if not rewarded and all(step["loss"] == 0 for step in trained):
        return Failure(
            code="F-NOTHING-TRAINED",
            cause="the loss was 0 at every step: no token is trained",
            fix="`inspect-tool show` colours what is masked, `inspect-tool why` says by which key",
            keys=("datasets.0.roles_to_train", "datasets.0.roles", "datasets.0.type", "datasets"),
            evidence=f"step {trained[-1].get('step')}: loss 0",
        )
    odd = next((step for step in trained if "grad_norm" in step.get("not_finite", ())), None)
    return _gradient(odd) if odd is not None else None


def _overflowed(step: dict[str, Any]) -> bool:
    """Tell whether a loss was not finite; transformers' logging_nan_inf_filter logs it as 0."""
    hidden = step["loss"] == 0 and "grad_norm" in step.get("not_finite", ())
    return step["loss"] is None or hidden


def _not_finite(step: dict[str, Any]) -> Failure:
    number = step.get("step")
    first = number == 1
    return Failure(
        code="F-LOSS-NAN",
        cause=f"the loss is not finite from step {number} on",
        fix="no token trained in a batch, or weights or a precision that overflow: "
        "`--stop-at nan` stops there"
        if first
        else "the step before made the weights overflow: lower learning_rate, set max_grad_norm, "
        "warm up longer, or use bf16 in place of fp16; `--stop-at nan` stops there",
        keys=("datasets.0.roles_to_train", "fp16", "learning_rate")
        if first
        else ("learning_rate", "max_grad_norm", "warmup_steps", "fp16"),
        evidence=f"step {number}: loss not finite, learning rate {step.get('learning_rate')}",
    )


def _gradient(step: dict[str, Any]) -> Failure:
    number = step.get("step")
    return Failure(
        code="F-GRADIENT-NAN",
        cause=f"the gradient is not finite at step {number}, though the loss is",
        fix="lower learning_rate or use bf16, not fp16; `--stop-at optimizer` shows gradients",
        keys=("learning_rate", "fp16", "max_grad_norm"),
        evidence=f"step {number}: gradient norm not finite",
    )
