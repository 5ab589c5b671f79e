"""An axolotl plugin for `benchmarks.recorder`: a step recorded, a step watched, a step left alone.

Taken in turns within one run, so that all three meet the same load; each step's time goes to the
file that the environment names.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from benchmarks._alternating_modes import MODES, TIMES
from inspect_tool.runs.journal import RUN_KEY
from inspect_tool.runs.recorder import Recorder
from inspect_tool.runs.recording.capture import Capture
from inspect_tool.runs.recording.facts import facts_of
from inspect_tool.runs.recording.files import BatchFiles


class _Every(Capture):
    """Records every batch or none, and makes way where it is told to."""

    mode = MODES[0]

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Do as the mode says."""
        if self.mode == "alone":
            return self.inner(model, inputs, *args, **kwargs)
        count = 1 << 30 if self.mode == "recorded" else 0
        self.files.room["train", "first"] = count
        self.files.bytes_left = 1 << 40
        return super().compute_loss(model, inputs, *args, **kwargs)


class _Clock(TrainerCallback):  # type: ignore[misc]  # transformers gives no types
    def __init__(self, capture: _Every) -> None:
        self.capture = capture
        self.began = 0.0

    def on_step_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Turn to the next mode and start the clock."""
        turn, step = divmod(int(state.global_step), len(MODES))
        self.capture.mode = MODES[(step + turn) % len(MODES)]
        self.began = time.perf_counter()

    def on_step_end(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Write what the step took."""
        seconds = time.perf_counter() - self.began
        with Path(os.environ[TIMES]).open("a", encoding="utf-8") as file:
            file.write(json.dumps([self.capture.mode, seconds]) + "\n")


class Alternating(Recorder):
    """The recorder, on and off in turns."""

    def post_trainer_create(self, cfg: Any, trainer: Any) -> None:
        """Put the changing recorder and its clock into the trainer."""
        run = Path(os.environ[RUN_KEY])
        capture = _Every(trainer, BatchFiles(run), facts_of(cfg, trainer, "prepared"))
        capture.install()
        trainer.add_callback(_Clock(capture))
