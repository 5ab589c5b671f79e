"""Batches as the recorder writes them, without a run; and prepared rows that they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.runs.batches import Batch, read_batches
from inspect_tool.runs.recording.files import BatchFiles
from tests.arrow_files import answered, save, supervised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PAD = 3
ROWS = [answered(range(10 * row, 10 * row + 4 + row), prompt=2) for row in range(1, 6)]
"""Five rows of 5 to 9 tokens, no token twice, two masked in each."""
RELABELLED, SURPRISING, MASKED = 2, 60, 70
"""The steps whose batches ``plugins.MeddlingCollator`` makes wrong."""
RARE_TOKEN = 5
HASH = "0123456789abcdef0123456789abcdef"


def prepare(run: Path, rows: Sequence[tuple[list[int], list[int]]] = ROWS) -> Path:
    """Write a prepared dataset where a debug run has it; return its folder."""
    return save(run / "prepared" / HASH, supervised(rows))


Tensors = dict[str, Any]


def record(run: Path, tensors: Tensors, *, line: dict[str, Any] | None = None) -> Batch:
    """Record one batch and read it."""
    known = {
        "step": 1,
        "micro_batch": 0,
        "phase": "train",
        "reason": "first",
        "loss": 2.5,
        "mean_token_loss": None,
        "token_loss_missing": "none was asked",
        "pad_token_id": PAD,
        "prepared": "prepared",
        **(line or {}),
    }
    run.mkdir(exist_ok=True)
    arrays = {name: np.array(value, dtype=np.int32) for name, value in tensors.items()}
    BatchFiles(run).add(known, arrays)
    return read_batches(run)[-1]


def packed(*rows: int, length: int = 0) -> Tensors:
    """Return ids, labels and positions of one batch row: these rows one after the other, padded."""
    ids: list[int] = []
    labels: list[int] = []
    positions: list[int] = []
    for row in rows:
        ids += ROWS[row][0]
        labels += ROWS[row][1]
        positions += range(len(ROWS[row][0]))
    pads = max(0, length - len(ids))
    return {
        "input_ids": [ids + [PAD] * pads],
        "labels": [labels + [-100] * pads],
        "position_ids": [positions + list(range(pads))],
    }


def said(batch: Batch) -> list[list[str]]:
    """Return the parts of each row of the first sequence, in words."""
    parts = batch.parts(batch.sequences[0])
    return [[f"{part.start}-{part.stop} {part}" for part in row] for row in parts]


def codes(batch: Batch) -> list[str]:
    """Return the findings' codes."""
    return [finding.code for finding in batch.findings]
