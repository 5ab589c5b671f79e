"""A prepared folder opens without a copy, by row, whatever its shards and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspect_tool.errors import InspectError
from inspect_tool.samples.prepared import PreparedDataset, is_complete, is_prepared
from tests.arrow_files import ATTENTION, IDS, LABELS, answered, save, supervised

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ROWS = [answered(range(10, 10 + n), prompt=n // 2) for n in (6, 0, 1, 9, 4)]

TOKENS = st.lists(st.integers(0, 2**31 - 1), max_size=6)


def within_map(array: NDArray[np.generic], dataset: PreparedDataset) -> bool:
    """Tell whether an array's memory is the mapped file's own."""
    start = array.__array_interface__["data"][0]
    for shard in dataset.shards:
        if shard._map is not None:
            mapped = np.frombuffer(shard._map, dtype=np.uint8)
            first = mapped.__array_interface__["data"][0]
            if first <= start and start + array.nbytes <= first + mapped.nbytes:
                return True
    return False


def test_rows_are_numbered_over_shards_and_batches(tmp_path: Path) -> None:
    """Row numbers run through every batch of every shard, in the order of state.json."""
    shards = [supervised(ROWS[:2]), supervised(ROWS[2:])]
    dataset = PreparedDataset.open(save(tmp_path, *shards, batch_rows=1))

    ids = [dataset.sample(row).sequences[0].ids.tolist() for row in range(len(dataset))]

    assert ids == [ids for ids, _ in ROWS]
    assert [len(block) for block in dataset.blocks] == [1] * 5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(TOKENS, min_size=1, max_size=12), batch=st.integers(1, 5))
def test_every_row_is_what_was_written(rows: list[list[int]], batch: int, tmp_path: Path) -> None:
    """Whatever the lengths, empty rows included."""
    written = [answered(ids, prompt=len(ids) // 2) for ids in rows]
    dataset = PreparedDataset.open(save(tmp_path, supervised(written), batch_rows=batch))

    read = [sample.sequences[0] for sample in dataset.samples()]

    assert [sequence.ids.tolist() for sequence in read] == rows
    assert [s.labels.tolist() for s in read if s.labels is not None] == [w[1] for w in written]


def test_tokens_are_views_of_the_file(tmp_path: Path) -> None:
    """Ids, labels, attention and offsets lie in the mapped file; none is copied."""
    dataset = PreparedDataset.open(save(tmp_path, supervised(ROWS), batch_rows=2))
    sequence = dataset.sample(3).sequences[0]
    assert sequence.labels is not None
    assert sequence.attention is not None

    arrays = [sequence.ids, sequence.labels, sequence.attention, *dataset.blocks[0].lists("labels")]

    assert all(within_map(array, dataset) for array in arrays)
    assert not any(array.flags.writeable for array in arrays)


def test_opening_reads_no_row(tmp_path: Path) -> None:
    """What opening allocates does not grow with the rows."""
    many = [answered(range(1000), prompt=10)] * 1000
    folder = save(tmp_path, supervised(many))
    before = pa.total_allocated_bytes()

    dataset = PreparedDataset.open(folder)

    assert len(dataset) == 1000
    assert pa.total_allocated_bytes() - before < 10_000


def test_released_pages_are_read_again(tmp_path: Path) -> None:
    """Giving memory back to the system loses nothing."""
    dataset = PreparedDataset.open(save(tmp_path, supervised(ROWS)))
    before = dataset.sample(3).sequences[0].ids.tolist()

    dataset.shards[0].release_pages()

    assert dataset.sample(3).sequences[0].ids.tolist() == before


def test_arrays_outlive_the_dataset(tmp_path: Path) -> None:
    """A view keeps its mapping alive after the dataset is closed."""
    dataset = PreparedDataset.open(save(tmp_path, supervised(ROWS)))
    ids = dataset.sample(0).sequences[0].ids

    dataset.close()

    assert ids.tolist() == ROWS[0][0]


@pytest.mark.parametrize("row", [-1, 5, 10**12])
def test_rows_out_of_range(row: int, tmp_path: Path) -> None:
    """There is no row before the first and none after the last."""
    dataset = PreparedDataset.open(save(tmp_path, supervised(ROWS)))

    with pytest.raises(IndexError):
        dataset.sample(row)


@pytest.mark.parametrize(
    ("ids", "labels"),
    [
        (pa.list_(pa.int64()), pa.list_(pa.int32())),
        (pa.large_list(pa.int32()), pa.large_list(pa.int64())),
        (pa.list_(pa.uint16()), pa.list_(pa.int16())),
        (pa.list_(pa.uint64()), pa.list_(pa.int64())),
    ],
    ids=str,
)
def test_other_integer_types(ids: pa.DataType, labels: pa.DataType, tmp_path: Path) -> None:
    """Labels of 32 bits, large lists and unsigned ids read as they are."""
    table = pa.table(
        {"input_ids": pa.array([[1, 2]], ids), "labels": pa.array([[-100, 2]], labels)}
    )

    sequence = PreparedDataset.open(save(tmp_path, table)).sample(0).sequences[0]

    assert sequence.ids.tolist() == [1, 2]
    assert sequence.trained is not None
    assert sequence.trained.tolist() == [False, True]


def test_boolean_attention(tmp_path: Path) -> None:
    """llama2_chat stores its attention mask as bits; they are unpacked row by row."""
    masks = [[True, False, True], [False, True]]
    table = pa.table(
        {
            "input_ids": pa.array([[1, 2, 3], [4, 5]], IDS),
            "attention_mask": pa.array(masks, pa.list_(pa.bool_())),
        }
    )

    dataset = PreparedDataset.open(save(tmp_path, table))

    read = [sample.sequences[0].attention for sample in dataset.samples()]
    assert [mask.tolist() for mask in read if mask is not None] == [[1, 0, 1], [0, 1]]


def test_text_columns(tmp_path: Path) -> None:
    """A preference row is text, with its other columns beside it."""
    nothing = pa.array([None], pa.string())
    table = pa.table({"prompt": ["Why?"], "chosen": ["So."], "rejected": nothing, "score": [0.5]})

    sample = PreparedDataset.open(save(tmp_path, table)).sample(0)

    assert [sequence.stored_text for sequence in sample.sequences] == ["Why?", "So.", ""]
    assert sample.columns == {"score": 0.5}


def test_text_that_is_no_utf8(tmp_path: Path) -> None:
    """Bytes that are no text cost themselves, not the row."""
    bad = pa.array([b"before \xed\xa0\x80 after"], pa.binary()).view(pa.string())

    sample = PreparedDataset.open(save(tmp_path, pa.table({"text": bad}))).sample(0)

    assert sample.sequences[0].stored_text == "before \ufffd\ufffd\ufffd after"


def test_a_single_arrow_file(tmp_path: Path) -> None:
    """One shard opens on its own, without a state.json."""
    save(tmp_path, supervised(ROWS[:2]), supervised(ROWS[2:]))

    dataset = PreparedDataset.open(tmp_path / "data-00001-of-00002.arrow")

    assert len(dataset) == 3
    assert dataset.damages == []


def test_an_arrow_file_of_the_random_access_kind(tmp_path: Path) -> None:
    """Files that begin with ARROW1 are read as well as streams."""
    table = supervised(ROWS)
    file = tmp_path / "data.arrow"
    with file.open("wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)

    dataset = PreparedDataset.open(file)

    assert len(dataset) == len(ROWS)
    assert within_map(dataset.sample(0).sequences[0].ids, dataset)


def test_a_dataset_of_no_rows(tmp_path: Path) -> None:
    """Axolotl stores a valid dataset of no rows when it drops them all."""
    dataset = PreparedDataset.open(save(tmp_path, supervised([])))

    assert len(dataset) == 0
    assert dataset.kind.name == "sft"
    assert dataset.damages == []


def test_folders_are_told_by_their_files(tmp_path: Path) -> None:
    """A folder is complete only with both files that are written last."""
    folder = save(tmp_path / "whole", supervised(ROWS))
    assert is_prepared(folder)
    assert is_complete(folder)

    (folder / "dataset_info.json").unlink()

    assert not is_complete(folder)
    assert is_prepared(folder)
    assert not is_prepared(tmp_path)


def test_no_dataset_there(tmp_path: Path) -> None:
    """An ordinary folder is named, with what to name instead."""
    with pytest.raises(InspectError, match="no prepared dataset") as raised:
        PreparedDataset.open(tmp_path)

    assert raised.value.place == str(tmp_path)
    assert raised.value.fix


def test_types_of_the_columns_that_axolotl_writes() -> None:
    """The rows that these tests write have axolotl's own types."""
    assert supervised(ROWS).schema == pa.schema(
        {"input_ids": IDS, "attention_mask": ATTENTION, "labels": LABELS}
    )
