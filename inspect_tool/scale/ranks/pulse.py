"""An axolotl plugin that times what each rank does before it meets the others in a step.

Ranks leave a step together, so the length of steps does not tell who made the others wait: the
wait for data and the forward pass do. On a GPU the forward pass is timed by events on the device,
which hold up nothing. Under FSDP and ZeRO-3 it holds gathers too, where a rank waits for others.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import IO, Any

import torch
from axolotl.integrations.base import BasePlugin
from transformers import TrainerCallback

from inspect_tool.runs.journal import RUN_KEY
from inspect_tool.scale.ranks.pace import PULSE


class Pulse(BasePlugin):  # type: ignore[misc]  # axolotl has no types
    """Writes one line a step into the rank's folder: seconds waited for data, and in forward."""

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Return the callback that times; axolotl adds it to the trainer."""
        del cfg, trainer
        folder = os.environ.get(RUN_KEY)
        return [_Timer(Path(folder) / PULSE)] if folder else []


class _Timer(TrainerCallback):  # type: ignore[misc]
    def __init__(self, file: Path) -> None:
        self.file = file
        self.output: IO[str] | None = None
        self.left = time.perf_counter()
        self.waited = 0.0
        self.forward = 0.0
        self.began: Any = None
        self.spans: list[tuple[Any, Any]] = []

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, **given: Any) -> None:
        """Time the model's forward passes from here on."""
        try:
            self.output = self.file.open("w", encoding="utf-8")
        except OSError as error:
            print(f"inspect-tool: {self.file.name} cannot be written ({error})", file=sys.stderr)
            return
        self.left = time.perf_counter()
        given["model"].register_forward_pre_hook(self._begin)
        given["model"].register_forward_hook(self._end)

    def on_substep_end(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """The next micro batch is waited for from now on."""
        self.left = time.perf_counter()

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Write the step's line; the device has done its forward passes by now."""
        if self.output is None:
            return
        for first, last in self.spans:
            last.synchronize()
            self.forward += first.elapsed_time(last) / 1000
        line = {"step": int(state.global_step), "wait": self.waited, "forward": self.forward}
        self.output.write(json.dumps(line) + "\n")
        self.output.flush()
        self.waited, self.forward, self.spans = 0.0, 0.0, []
        self.left = time.perf_counter()

    def _begin(self, module: Any, *_: Any) -> None:
        if module.training:
            self.waited += time.perf_counter() - self.left
            self.began = _mark()

    def _end(self, module: Any, *_: Any) -> None:
        if not module.training:
            return
        now = _mark()
        if isinstance(now, float):
            self.forward += now - self.began
        else:
            self.spans.append((self.began, now))


def _mark() -> Any:
    """Return now: an event in the device's stream, or the clock where there is no device."""
    if not torch.cuda.is_available():
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event
