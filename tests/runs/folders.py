"""Folders as axolotl leaves them, by name and time only: enough to tell what a path means."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOW = 1_700_000_000.0
"""When an ordinary prepared folder was written."""

SUPERVISED = ("input_ids", "labels", "attention_mask")
PACKED = (*SUPERVISED, "position_ids", "length")
PREFERENCE = ("prompt", "chosen", "rejected")


def digest(digit: str) -> str:
    """Return a name like axolotl's hashes."""
    return digit * 32


def prepared(
    root: Path,
    name: str,
    *,
    columns: Iterable[str] = SUPERVISED,
    at: float = NOW,
    complete: bool = True,
) -> Path:
    """Make a prepared folder and axolotl's lock beside it; an incomplete one has shards only."""
    folder = root / name
    folder.mkdir(parents=True)
    (root / "datasets_prep.lock").touch()
    (folder / "data-00000-of-00001.arrow").write_bytes(b"")
    if complete:
        (folder / "state.json").write_text("{}")
        features: dict[str, object] = {column: {} for column in columns}
        (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    for path in (*folder.iterdir(), folder):
        os.utime(path, (at, at))
    return folder


def config(path: Path, *lines: str, at: float = NOW - 100) -> Path:
    """Write a small config with further lines, last changed ``at``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    usual = ["base_model: org/model", "datasets:", "  - path: data.jsonl", "    type: alpaca"]
    path.write_text("\n".join([*usual, *lines, ""]))
    os.utime(path, (at, at))
    return path


def tokenizer(folder: Path, *names: str) -> Path:
    """Make a folder with the files of a tokenizer, empty ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    return folder
