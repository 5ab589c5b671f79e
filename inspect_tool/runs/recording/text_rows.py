"""Writes down the rows of which a trainer made tokens itself, beside the text they are made of.

Preferences are stored as text, and nothing in a batch says where its tokens are from. The trainer's
dataset has both; the row of the prepared dataset is found by its text, which is kept whole.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.runs.batches import FOLDER
from inspect_tool.runs.folders import FolderState, prepared_folders
from inspect_tool.runs.trainer_rows import COLUMNS, TrainerRows, file_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from inspect_tool.runs.batches import Phase

MOST_ROWS = 10_000
"""Rows of a trainer's dataset that are written down; a debug run has 64 of each dataset."""
MOST_STORED = 10 * MOST_ROWS
"""Rows of a prepared dataset that are looked through."""
_TEXTS = ("prompt", "chosen", "rejected", "completion", "label")
"""What tells a stored row; TRL ends some of them with an end-of-text token."""


def write_text_rows(trainer: Any, *, prepared: str, run: Path) -> None:
    """Write the rows of a trainer's datasets below ``run``; ``prepared`` holds what they are of."""
    datasets: tuple[tuple[Phase, Any], ...] = (
        ("train", trainer.train_dataset),
        ("eval", trainer.eval_dataset),
    )
    for phase, dataset in datasets:
        names = getattr(dataset, "column_names", None)
        if not isinstance(names, list) or not hasattr(dataset, "select_columns"):
            continue
        if 0 < len(dataset) <= MOST_ROWS:
            made = _made(trainer, dataset, names)
            found = _prepared_rows(dataset, names, run / prepared, _end(trainer)) if made else None
            if found is not None:
                folder, rows = found
                place = str(folder.relative_to(run) if folder.is_relative_to(run) else folder)
                TrainerRows(place, rows, made).write(run / FOLDER / file_name(phase))


def _made(trainer: Any, dataset: Any, names: list[str]) -> dict[str, Any]:
    """Return the token columns; the prompts of methods that sample have none until then."""
    made = {name: _joined(dataset[name]) for name in COLUMNS if name in names}
    if not made and "prompt" in names and hasattr(trainer, "_tokenize_prompts"):
        made["prompt_ids"] = _joined(trainer._tokenize_prompts(list(dataset["prompt"]))[0])  # noqa: SLF001
    return made


def _joined(lists: Iterable[list[int]]) -> tuple[Any, Any]:
    known = [list(item or ()) for item in lists]
    offsets = np.array([0, *accumulate(map(len, known))], dtype=np.int64)
    return np.array([token for item in known for token in item], dtype=np.int32), offsets


def _prepared_rows(dataset: Any, names: list[str], root: Path, end: str) -> tuple[Path, Any] | None:
    """Find the prepared dataset with most of the rows; -1 for those that it does not have."""
    from datasets import load_from_disk

    best: tuple[Path, Any] | None = None
    for folder in prepared_folders(root):
        if folder.state is not FolderState.COMPLETE:
            continue
        stored = load_from_disk(str(folder.path))
        if len(stored) > MOST_STORED:
            continue
        common = [name for name in _TEXTS if name in names and name in stored.column_names]
        places: defaultdict[str, deque[int]] = defaultdict(deque)
        for row, key in enumerate(_keys(stored, common, end)):
            places[key].append(row)
        rows = [places[key].popleft() if places[key] else -1 for key in _keys(dataset, common, end)]
        known = sum(row >= 0 for row in rows)
        if common and known and (best is None or known > int((best[1] >= 0).sum())):
            best = folder.path, np.array(rows, dtype=np.int64)
    return best


def _keys(dataset: Any, names: list[str], end: str) -> list[str]:
    """Return a text for each row that is the same where the stored row is."""
    columns = [list(dataset[name]) for name in names]
    return [
        json.dumps(
            [v.removesuffix(end) if isinstance(v, str) and end else v for v in values],
            sort_keys=True,
            default=str,
        )
        for values in zip(*columns, strict=True)
    ]


def _end(trainer: Any) -> str:
    tokenizer = getattr(trainer, "processing_class", None)
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
    return str(getattr(tokenizer, "eos_token", None) or "")
