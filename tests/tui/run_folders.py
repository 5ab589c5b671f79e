"""Run folders as debug runs leave them: written through the journal and the recorder's files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from inspect_tool.runs.journal import LOG, METRICS, PLAN, Journal, State, make_folder
from inspect_tool.runs.recording.files import BatchFiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

GONE = {"pid": 1, "pid_started": 1.0, "owner": 1, "owner_started": 1.0}
"""Processes that have ended: another one has their number."""
HERE = {"pid": os.getpid()}
"""A process that goes on: this one."""
LOSS = 2.25
"""The loss of every token, but where a test says otherwise."""


@dataclass
class RunFolder:
    """A run in the making; what is written to it is there at once."""

    folder: Path
    journal: Journal
    tokenizer: Path

    def status(self, state: State, **changes: Any) -> None:
        """Say how far the run is."""
        self.journal.say(state, **changes)

    def log(self, *lines: str) -> None:
        """Write whole lines to the log."""
        with (self.folder / LOG).open("a", encoding="utf-8", errors="surrogatepass") as file:
            file.writelines(f"{line}\n" for line in lines)

    def step(self, number: int, loss: float | None, *, of: int = 20, **more: Any) -> None:
        """Record one step's metrics; a loss of None was not finite."""
        line = {
            "step": number,
            "max_steps": of,
            "loss": loss,
            "grad_norm": 1.5,
            "learning_rate": 0.0002,
            "not_finite": ["loss"] if loss is None else [],
            "tokens": 100 * number,
            "memory_bytes": 512 << 20,
            "step_seconds": 0.5,
            **more,
        }
        with (self.folder / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def batch(
        self,
        step: int,
        *rows: Sequence[tuple[str, str]],
        loss: Sequence[float] = (),
        per_token: bool = True,
        **line: Any,
    ) -> None:
        """Record a batch; a row packs samples, each a masked question and a trained answer.

        Rows are padded to the longest. ``loss`` are the first losses of tokens that have one.
        """
        library = Tokenizer.from_file(str(self.tokenizer / "tokenizer.json"))
        pad = library.token_to_id("<|endoftext|>") or 0
        made = [_row(library, row) for row in rows]
        length = max(len(ids) for ids, _, _ in made)
        tensors: dict[str, NDArray[Any]] = {
            "input_ids": np.array([_padded(ids, length, pad) for ids, _, _ in made], np.int32),
            "labels": np.array([_padded(labels, length, -100) for _, labels, _ in made], np.int32),
            "position_ids": np.array([_padded(at, length, 0) for _, _, at in made], np.int32),
            "attention_mask": np.array(
                [_padded([1] * len(ids), length, 0) for ids, _, _ in made], np.int32
            ),
        }
        if per_token:
            losses = np.full(tensors["labels"].shape, np.nan, np.float32)
            trained = tensors["labels"] != -100
            losses[trained] = LOSS
            losses[tuple(part[: len(loss)] for part in np.nonzero(trained))] = loss
            tensors["token_loss"] = losses
        known = {
            "step": step,
            "micro_batch": 0,
            "phase": "train",
            "reason": "first",
            "loss": LOSS,
            "mean_token_loss": LOSS if per_token else None,
            "token_loss_missing": "" if per_token else "the loss is fused with the head",
            "pad_token_id": pad,
            **line,
        }
        BatchFiles(self.folder).add(known, tensors)


def make_run(
    root: Path, tokenizer: Path, name: str = "chat-1", *, debugger: bool = False
) -> RunFolder:
    """Make a run's folder below ``root`` that says it is being prepared."""
    folder = root / ".inspect" / "runs" / name
    journal = make_folder(folder)
    argv = ["python", *(["-m", "debugpy"] if debugger else []), "-m", "axolotl.cli.train"]
    plan = {
        "config": str(root / "chat.yml"),
        "launch": {"argv": argv},
        "stops": {"names": ["loss"] if debugger else [], "breaks": []},
    }
    journal.write(PLAN, json.dumps(plan))
    lines = (f"base_model: {tokenizer}", "datasets: [{path: chat.jsonl, type: chatml}]", "")
    journal.write("config.yml", "\n".join(lines))
    return RunFolder(folder, journal, tokenizer)


def _row(
    library: Tokenizer, samples: Sequence[tuple[str, str]]
) -> tuple[list[int], list[int], list[int]]:
    ids: list[int] = []
    labels: list[int] = []
    positions: list[int] = []
    for question, answer in samples:
        asked = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        prompt = library.encode(asked, add_special_tokens=False).ids
        reply = library.encode(f"{answer}<|im_end|>", add_special_tokens=False).ids
        ids += [*prompt, *reply]
        labels += [*([-100] * len(prompt)), *reply]
        positions += range(len(prompt) + len(reply))
    return ids, labels, positions


def _padded(values: list[int], length: int, pad: int) -> list[int]:
    return [*values, *([pad] * (length - len(values)))]
