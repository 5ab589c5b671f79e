"""Prepared folders written by hand, in the layout of `datasets.Dataset.save_to_disk`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

IDS = pa.list_(pa.int32())
ATTENTION = pa.list_(pa.int8())
LABELS = pa.list_(pa.int64())
"""The types in which axolotl stores supervised rows."""


def supervised(rows: Sequence[tuple[Sequence[int], Sequence[int]]]) -> pa.Table:
    """Return rows of (ids, labels) with the columns and types that axolotl writes."""
    return pa.table(
        {
            "input_ids": pa.array([ids for ids, _ in rows], IDS),
            "attention_mask": pa.array([[1] * len(ids) for ids, _ in rows], ATTENTION),
            "labels": pa.array([labels for _, labels in rows], LABELS),
        }
    )


def answered(ids: Sequence[int], *, prompt: int) -> tuple[list[int], list[int]]:
    """Return one row whose first ``prompt`` tokens are masked."""
    return list(ids), [-100] * prompt + list(ids[prompt:])


def save(folder: Path, *shards: pa.Table, batch_rows: int = 1000) -> Path:
    """Write one Arrow stream per shard, then state.json and dataset_info.json; return folder."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"data-{n:05}-of-{len(shards):05}.arrow" for n in range(len(shards))]
    for name, table in zip(names, shards, strict=True):
        write_stream(folder / name, table, batch_rows=batch_rows)
    write_state(folder, names)
    (folder / "dataset_info.json").write_text("{}", encoding="utf-8")
    return folder


def write_stream(file: Path, table: pa.Table, *, batch_rows: int = 1000) -> None:
    """Write one Arrow stream."""
    with file.open("wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, max_chunksize=batch_rows)


def write_state(folder: Path, names: Iterable[Any]) -> None:
    """Write a state.json that lists these shards."""
    state = {"_data_files": [{"filename": name} for name in names], "_split": None}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
