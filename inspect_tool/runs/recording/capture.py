"""Watches a trainer's ``compute_loss``: what goes in, what comes out, and which batches to keep.

Whatever happens here, the trainer's call is made once, with its own arguments, and its result is
returned as it is; what goes wrong in watching is said once and ends the watching, not the run.
"""

from __future__ import annotations

import math
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspect_tool.runs.recording.token_loss import TokenLoss, token_loss
from inspect_tool.runs.recording.usual import UsualLoss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inspect_tool.runs.recording.facts import Facts
    from inspect_tool.runs.recording.files import BatchFiles

MOST_VALUES = 1 << 22
"""Numbers of one tensor that are kept; pixels are more."""


@dataclass
class _Watched:
    """One call of ``compute_loss``."""

    step: int
    micro_batch: int
    phase: str
    inputs: dict[str, Any] = field(default_factory=dict)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    hook: Any = None
    missing: str = ""
    """Why its tokens have no loss."""
    shift: bool = True
    masked: bool | None = None
    """Whether the model was given an attention mask."""

    def keep(self, _model: Any, _args: Any, given: dict[str, Any], output: Any) -> None:
        """Keep the logits of a forward pass: a hook of torch's, which leaves them as they are."""
        logits = getattr(output, "logits", None)
        self.outputs.append(None if logits is None else logits.detach())
        self.masked = given.get("attention_mask") is not None


class Capture:
    """Wraps the ``compute_loss`` of one trainer, which is otherwise left alone."""

    def __init__(self, trainer: Any, files: BatchFiles, facts: Facts) -> None:
        self.trainer = trainer
        self.files = files
        self.facts = facts
        self.inner = trainer.compute_loss
        self.usual = UsualLoss()
        self.last = ("", -1, -1)
        self.broken = False
        self._attention: str | None = None

    def install(self) -> None:
        """Stand between the trainer and its ``compute_loss`` from now on."""
        self.trainer.compute_loss = self.compute_loss

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the trainer's own ``compute_loss`` and return what it returns."""
        if self.broken:
            return self.inner(model, inputs, *args, **kwargs)
        watched = self._before(model, inputs)
        try:
            result = self.inner(model, inputs, *args, **kwargs)
        except Exception:
            self._after(watched, None)
            raise
        self._after(watched, result)
        return result

    def _before(self, model: Any, inputs: Any) -> _Watched | None:
        try:
            return self._watch(model, inputs)
        except Exception as error:  # a run must not end because it is recorded
            self._give_up(error)
            return None

    def _after(self, watched: _Watched | None, result: Any) -> None:
        """Keep the batch if it is one to keep; ``result`` None: compute_loss raised."""
        if watched is None:
            return
        try:
            if watched.hook is not None:
                watched.hook.remove()
            self._judge(watched, result[0] if isinstance(result, tuple) else result)
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.broken = True
        reason = f"no more batches are recorded ({type(error).__name__}: {error})"
        print(f"inspect-tool: {reason}", file=sys.stderr)
        with suppress(OSError):
            self.files.note(reason)

    def _watch(self, model: Any, inputs: Any) -> _Watched:
        """Copy the inputs, which the trainer may change, and ask for the model's logits."""
        phase = "train" if model.training else "eval"
        done = int(self.trainer.state.global_step)
        step = done + 1 if phase == "train" else done
        again = self.last[:2] == (phase, step)
        self.last = (phase, step, self.last[2] + 1 if again else 0)
        watched = _Watched(step, self.last[2], phase)
        for name, value in inputs.items():
            if not hasattr(value, "detach"):
                continue
            if value.numel() > MOST_VALUES:
                shape = list(value.shape)
                watched.left_out.append({"name": name, "shape": shape, "why": "too large"})
            else:
                watched.inputs[name] = value.detach().clone()
        watched.missing = self._why_no_token_loss(watched, model)
        if not watched.missing:
            plain = plain_model(self.trainer, model)
            watched.shift = "TokenClassification" not in type(plain).__name__
            config = getattr(plain, "config", None)
            self._attention = getattr(config, "_attn_implementation", None)
            watched.hook = model.register_forward_hook(watched.keep, with_kwargs=True)
        return watched

    def _why_no_token_loss(self, watched: _Watched, model: Any) -> str:
        if self.facts.no_token_loss:
            return self.facts.no_token_loss
        labels = watched.inputs.get("labels")
        if labels is None or labels.ndim != 2:
            return "the batch has no label for each token"
        if getattr(model, "_compiled_call_impl", None) is not None:
            return "the model is compiled: looking at its logits would compile it anew"
        return ""

    def _judge(self, watched: _Watched, found: Any) -> None:
        usual = self.usual.mean
        loss = math.nan if found is None else float(found.detach().float().mean())
        reason = "error" if found is None else "non-finite loss"
        if math.isfinite(loss):
            first = self.files.wants(watched.phase, "first")
            outlier = watched.phase == "train" and self.usual.is_outlier(loss)
            reason = "outlier" if outlier else "first" if first else ""
        if reason and self.files.wants(watched.phase, reason):
            self._keep(watched, self._token_loss(watched, found), loss, reason, usual)

    def _keep(
        self, watched: _Watched, tokens: TokenLoss, loss: float, reason: str, usual: float
    ) -> None:
        tensors = {name: _array(tensor) for name, tensor in watched.inputs.items()}
        if tokens.losses is not None:
            tensors["token_loss"] = tokens.losses
        rows = next((len(array) for array in tensors.values() if array.ndim), 0)
        names = ["chosen"] * (rows // 2) + ["rejected"] * (rows // 2) if self.facts.pairs else []
        line = {
            "step": watched.step,
            "micro_batch": watched.micro_batch,
            "phase": watched.phase,
            "reason": reason,
            "loss": _plain(loss),
            "mean_token_loss": _plain(tokens.mean),
            "token_loss_missing": tokens.missing,
            "usual_loss": usual if reason == "outlier" else None,
            "pad_token_id": self.facts.pad_token_id,
            "row_names": names,
            "left_out": watched.left_out,
            "attention_masked": watched.masked,
            "attention": self._attention,
            "prepared": self.facts.prepared,
            "time": time.time(),
        }
        self.files.add(line, tensors)

    def _token_loss(self, watched: _Watched, loss: Any) -> TokenLoss:
        if watched.missing:
            return TokenLoss(missing=watched.missing)
        try:
            labels = watched.inputs["labels"]
            return token_loss(watched.outputs, labels, shift=watched.shift, loss=loss)
        except RuntimeError as error:
            return TokenLoss(missing=f"torch could not compute it ({error})"[:300])


def plain_model(trainer: Any, model: Any) -> Any:
    """Return the model of transformers inside what wraps it."""
    plain = trainer.accelerator.unwrap_model(model)
    return plain.base_model.model if hasattr(plain, "peft_config") else plain


def _array(tensor: Any) -> NDArray[np.generic]:
    """Copy a tensor to numpy: floats as float32, whole numbers as int32 where they fit."""
    import torch

    plain = tensor.cpu()
    if plain.is_floating_point():
        return _numpy(plain.float())
    limits = torch.iinfo(torch.int32)
    wide = plain.dtype == torch.int64
    fits = not plain.numel() or (plain.min() >= limits.min and plain.max() <= limits.max)
    return _numpy(plain.int() if wide and fits else plain)


def _numpy(tensor: Any) -> NDArray[np.generic]:
    array: NDArray[np.generic] = tensor.numpy()
    return array


def _plain(number: float | None) -> float | str | None:
    """Return a number as JSON has it; nan and infinities by name."""
    return number if number is None or math.isfinite(number) else str(number)
