"""Writes batches into a run's folder: each file whole or not at all, then its line; bounded."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.runs.batches import BATCHES, FOLDER, read_batches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

MOST_OF_A_REASON = {
    ("train", "first"): 4,
    ("eval", "first"): 2,
    ("train", "non-finite loss"): 8,
    ("eval", "non-finite loss"): 2,
    ("train", "outlier"): 16,
    ("train", "error"): 1,
    ("eval", "error"): 1,
}
"""How many batches are kept; the earliest are, since what goes wrong first is the cause."""
MOST_BYTES = 256 << 20
"""Of all batches of a run."""


class BatchFiles:
    """Owns ``batches/`` and ``batches.jsonl`` of one run."""

    def __init__(self, run: Path, *, first: int = MOST_OF_A_REASON["train", "first"]) -> None:
        self.run = run
        self.room = {**MOST_OF_A_REASON, ("train", "first"): first}
        self.bytes_left = MOST_BYTES
        self.number = max((batch.number for batch in read_batches(run)), default=0)

    def wants(self, phase: str, reason: str) -> bool:
        """Tell whether another batch would be kept."""
        return self.bytes_left > 0 and self.room.get((phase, reason), 0) > 0

    def add(self, line: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> None:
        """Write one batch; ``line`` has at least its phase, reason and step. Raises OSError."""
        self._take(line["phase"], line["reason"], int(line["step"]), tensors)
        self.number += 1
        folder = self.run / FOLDER
        folder.mkdir(exist_ok=True)
        name = f"{self.number:06}-{line['phase']}.npz"
        draft = folder / f".{name}.draft"
        try:
            with draft.open("wb") as file:
                np.savez(file, **dict(tensors))  # type: ignore[arg-type]  # names are free
            draft.replace(folder / name)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        self._append({"number": self.number, "file": name, **line})

    def note(self, text: str) -> None:
        """Write down what could not be done. Raises OSError."""
        self._append({"note": text})

    def _take(
        self, phase: str, reason: str, step: int, tensors: Mapping[str, NDArray[Any]]
    ) -> None:
        self.room[phase, reason] -= 1
        self.bytes_left -= sum(array.nbytes for array in tensors.values())
        if self.bytes_left <= 0:
            self.note(f"no batch after step {step} is kept: they take {MOST_BYTES >> 20} MiB")
        elif self.room[phase, reason] == 0 and reason != "first":
            self.note(f"after step {step} no more batches are kept for their {reason} ({phase})")

    def _append(self, line: Mapping[str, Any]) -> None:
        """Append a line in one write, so that a reader never sees half of one that was finished."""
        data = (json.dumps(line) + "\n").encode()
        descriptor = os.open(self.run / BATCHES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
