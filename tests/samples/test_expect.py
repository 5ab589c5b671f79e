"""Telling the system which pages are read next changes nothing but the time it takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from inspect_tool.samples.prepared import PreparedDataset
from tests.arrow_files import save

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.samples.shard import Shard

ROWS, TOKENS = 50, 4000


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    """A file of some hundred pages."""
    ids = np.arange(ROWS * TOKENS, dtype=np.int32)
    offsets = np.arange(0, len(ids) + 1, TOKENS, dtype=np.int32)
    column = pa.ListArray.from_arrays(offsets, ids)
    save(tmp_path / "prepared", pa.table({"input_ids": column}))
    (shard,) = PreparedDataset.open(tmp_path / "prepared").shards
    return shard


def numbers(shard: Shard) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """All ids, as a view of the mapped file."""
    values = shard.batches[0].column("input_ids").values
    return np.frombuffer(values.buffers()[1], dtype=np.int32, count=len(values))


def test_any_part_of_a_file_can_be_expected(shard: Shard) -> None:
    """What is read afterwards is what was there before."""
    ids = numbers(shard)
    shard.expect(ids[1:])
    shard.expect(ids[TOKENS : 2 * TOKENS])
    shard.expect(ids[:0])

    assert (ids == np.arange(ROWS * TOKENS)).all()


def test_an_array_of_ones_own_is_left_alone(shard: Shard) -> None:
    """A copy, which lies in no file, is not touched."""
    copied = numbers(shard).copy()
    shard.expect(copied)

    assert (copied == np.arange(ROWS * TOKENS)).all()


def test_pages_that_are_gone_are_no_failure(shard: Shard) -> None:
    """A file that was cut short is found out by who reads it, not here."""
    ids = numbers(shard)
    os.truncate(shard.path, 4096)
    shard.expect(ids)

    assert shard.path.stat().st_size == 4096
