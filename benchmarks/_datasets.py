"""Prepared folders of any size to measure on, in the layout and types that axolotl writes.

Kept under `.inspect/bench` between runs; delete it to get the space back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent.parent / ".inspect" / "bench"
BATCH_ROWS = 1000
"""Rows of one record batch, as `datasets` writes them."""

TYPES = {"input_ids": "int32", "attention_mask": "int8", "labels": "int64"}
BOS, EOS, NEWLINE, VOCABULARY = 1, 2, 13, 32_000
"""Of the Mistral tokenizer in `fixtures/built`."""
NEWLINES = 0.03
"""How many of a conversation's tokens end a line."""


def supervised(*, rows: int, tokens: int) -> Path:
    """Return a folder of random rows of `tokens` tokens on average, the second half trained."""
    return _folder(f"supervised-{rows}-{tokens}", _batches(rows=rows, tokens=tokens))


def turns(*, rows: int, tokens: int) -> Path:
    """Return a folder of rows of exactly `tokens` tokens in many turns, every other one trained."""
    return _folder(f"turns-{rows}-{tokens}", _turns(rows=rows, tokens=tokens))


def _folder(name: str, batches: Iterator[pa.RecordBatch]) -> Path:
    folder = FOLDER / name
    if (folder / "dataset_info.json").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    shard = "data-00000-of-00001.arrow"
    first = next(batches)
    with (folder / shard).open("wb") as sink, pa.ipc.new_stream(sink, first.schema) as stream:
        stream.write_batch(first)
        for batch in batches:
            stream.write_batch(batch)
    state: dict[str, object] = {
        "_data_files": [{"filename": shard}],
        "_fingerprint": name,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    features = {
        column: {"feature": {"dtype": dtype, "_type": "Value"}, "_type": "List"}
        for column, dtype in TYPES.items()
    }
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    return folder


def _turns(*, rows: int, tokens: int) -> Iterator[pa.RecordBatch]:
    chance = np.random.default_rng(8)
    for _ in range(rows):
        ids = chance.integers(3, VOCABULARY, tokens, dtype=np.int32)
        ids[chance.random(tokens) < NEWLINES] = NEWLINE
        ids[0], ids[-1] = BOS, EOS
        bounds = np.cumsum(chance.integers(20, 400, tokens // 100))
        trained = np.searchsorted(bounds, np.arange(tokens), side="right") % 2 == 1
        labels = np.where(trained, ids, -100).astype(np.int64)
        yield _record_batch(np.array([0, tokens], np.int32), ids, labels)


def _batches(*, rows: int, tokens: int) -> Iterator[pa.RecordBatch]:
    chance = np.random.default_rng(7)
    for start in range(0, rows, BATCH_ROWS):
        count = min(BATCH_ROWS, rows - start)
        lengths = chance.integers(tokens // 2, tokens * 3 // 2, count, endpoint=True)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        ids = chance.integers(3, VOCABULARY, offsets[-1], dtype=np.int32)
        ids[offsets[:-1]], ids[offsets[1:] - 1] = BOS, EOS
        labels = ids.astype(np.int64)
        place = np.arange(len(ids)) - np.repeat(offsets[:-1], lengths)
        labels[place < np.repeat(lengths // 2, lengths)] = -100
        yield _record_batch(offsets, ids, labels)


def _record_batch(
    offsets: NDArray[np.int32], ids: NDArray[np.int32], labels: NDArray[np.int64]
) -> pa.RecordBatch:
    columns = {"input_ids": ids, "attention_mask": np.ones(len(ids), np.int8), "labels": labels}
    bounds = pa.array(offsets)
    return pa.record_batch(
        {
            name: pa.ListArray.from_arrays(bounds, pa.array(values))
            for name, values in columns.items()
        }
    )
