"""An axolotl plugin that writes a run's metrics and batches into its folder.

One JSON line a step, and the batches that ``recording`` keeps. Runs inside the training process; it
must never end a run: what cannot be written is left out. Where nothing says which folder the run
has, it does nothing.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from axolotl.integrations.base import BasePlugin
from pydantic import BaseModel
from transformers import TrainerCallback, set_seed

from inspect_tool.runs.journal import METRICS, RUN_KEY
from inspect_tool.runs.recording.capture import Capture
from inspect_tool.runs.recording.facts import facts_of
from inspect_tool.runs.recording.files import MOST_OF_A_REASON, BatchFiles
from inspect_tool.runs.recording.text_rows import write_text_rows
from inspect_tool.runs.tiny.model import cache_folder

_NUMBERS = ("loss", "grad_norm", "learning_rate", "eval_loss")

FIRST_KEY = "INSPECT_TOOL_BATCHES"
"""The variable that says how many of the first batches are recorded."""

_WEIGHTS = "model.safetensors"


class ProcessorKey(BaseModel):
    """A key that axolotl reads (loaders/processor.py) and its schema does not have.

    Without it a tiny model's images would be asked of its own folder, which has no processor.
    """

    processor_config: str | None = None


class Recorder(BasePlugin):  # type: ignore[misc]  # axolotl has no types
    """Records loss, gradient norm, learning rate, tokens, memory and time of every step.

    And the batches that ``compute_loss`` receives: the first ones, and those out of the ordinary.
    """

    def get_input_args(self) -> str:
        """Return the keys that a config with this plugin may have beside axolotl's own."""
        return f"{ProcessorKey.__module__}.{ProcessorKey.__name__}"

    def pre_model_load(self, cfg: Any) -> None:
        """Fix the random weights: axolotl seeds only the trainer, which comes later."""
        set_seed(int(cfg.seed or 0))

    def post_model_build(self, cfg: Any, model: Any) -> None:
        """Give TRL the weights of a tiny model: KTO and GRPO load a reference model themselves.

        Only a folder of this tool's cache is written, never a person's model.
        """
        folder = Path(str(cfg.base_model))
        if cfg.reinit_weights and cfg.rl and folder.parent == cache_folder():
            _keep_weights(model, folder)

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Return the callback that writes; axolotl adds it to the trainer."""
        del cfg
        folder = os.environ.get(RUN_KEY)
        return [_MetricsWriter(Path(folder) / METRICS, trainer)] if folder else []

    def post_trainer_create(self, cfg: Any, trainer: Any) -> None:
        """Record the trainer's batches; of several processes the first one does."""
        folder = os.environ.get(RUN_KEY)
        if folder and trainer.is_world_process_zero():
            run = Path(folder).absolute()
            files = BatchFiles(run, first=_first_batches())
            facts = facts_of(cfg, trainer, _prepared(cfg, run))
            if cfg.rl and facts.prepared is not None:
                _note_text_rows(trainer, files, facts.prepared)
            Capture(trainer, files, facts).install()


class _MetricsWriter(TrainerCallback):  # type: ignore[misc]
    """Writes a line at each log of the trainer; ``tokens`` counts those seen up to there."""

    def __init__(self, file: Path, trainer: Any) -> None:
        self.file = file
        self.trainer = trainer
        self.started: float | None = None
        self.seconds: float | None = None

    def on_step_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Start the step's clock."""
        self.started = time.perf_counter()

    def on_step_end(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Stop it; the log of the step comes after."""
        if self.started is not None:
            self.seconds = time.perf_counter() - self.started

    def on_log(
        self, _args: Any, state: Any, _control: Any, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        """Write what was logged; numbers that are not finite become null with their name."""
        given = {name: _number(value) for name, value in (logs or {}).items()}
        known = {name: given[name] for name in _NUMBERS if name in given}
        if not known:
            return
        line = {
            "step": int(state.global_step),
            "max_steps": int(state.max_steps),
            "epoch": float(state.epoch or 0.0),
            **known,
            "not_finite": [name for name in known if known[name] is None],
            "tokens": _tokens(state),
            "memory_bytes": _memory(),
            "step_seconds": self.seconds,
            "time": time.time(),
        }
        try:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            print(f"inspect-tool: metrics cannot be written ({error.strerror})", file=sys.stderr)


def _note_text_rows(trainer: Any, files: BatchFiles, prepared: str) -> None:
    try:
        write_text_rows(trainer, prepared=prepared, run=files.run)
    except Exception as error:  # a run must not end because it is recorded
        with suppress(OSError):
            files.note(f"the rows of its batches stay unknown ({type(error).__name__}: {error})")


def _first_batches() -> int:
    given = os.environ.get(FIRST_KEY, "")
    return int(given) if given.isdecimal() else MOST_OF_A_REASON["train", "first"]


def _prepared(cfg: Any, run: Path) -> str:
    """Return where axolotl keeps its prepared datasets, as seen from the run's folder."""
    folder = Path(cfg.dataset_prepared_path or "last_run_prepared").absolute()
    inside = folder.is_relative_to(run)
    return str(folder.relative_to(run) if inside else folder)


def _keep_weights(model: Any, folder: Path) -> None:
    """Put ``model``'s weights beside its tiny config, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as draft:
        model.save_pretrained(draft, max_shard_size="50GB")
        (Path(draft) / _WEIGHTS).replace(folder / _WEIGHTS)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _tokens(state: Any) -> int | None:
    """Return the tokens seen, padding included, as axolotl or transformers counted them."""
    counted = getattr(state, "tokens", None)
    if isinstance(counted, dict) and "total" in counted:
        return int(counted["total"])
    return int(getattr(state, "num_input_tokens_seen", 0) or 0) or None


def _memory() -> int:
    """Return the most memory so far: the GPU's if there is one, else the process's own."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
