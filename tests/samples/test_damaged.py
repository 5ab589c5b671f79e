"""What is damaged costs itself only, and is named with its file; the rest stays readable."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspect_tool.errors import InspectError
from inspect_tool.samples.prepared import PreparedDataset
from tests.arrow_files import IDS, LABELS, answered, save, supervised, write_state, write_stream

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [answered(range(10, 30), prompt=8) for _ in range(40)]
PAIRS = pa.table(
    {
        "chosen": ["Yes.", "é"] * 10,
        "rejected": ["No."] * 20,
        "messages": [[{"role": "user", "content": "Why?"}]] * 20,
    }
)
FIRST, SECOND = "data-00000-of-00002.arrow", "data-00001-of-00002.arrow"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two shards of twenty rows, ten rows a batch."""
    return save(tmp_path, supervised(ROWS[:20]), supervised(ROWS[20:]), batch_rows=10)


def readable_rows(dataset: PreparedDataset) -> int:
    """Read every row that the dataset says it has, and count them."""
    return sum(len(sample.sequences[0]) == 20 for sample in dataset.samples())


def error_of(dataset: PreparedDataset, row: int) -> InspectError | None:
    """Read one row; return the error that a person would see, if any."""
    try:
        dataset.sample(row)
    except InspectError as error:
        return error
    return None


def test_a_truncated_shard_keeps_its_whole_batches(folder: Path) -> None:
    """The batches before the cut and the other shard stay; the damage says where it begins."""
    file = folder / FIRST
    os.truncate(file, file.stat().st_size * 3 // 4)

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 30
    (damage,) = dataset.damages
    assert damage.path == file
    assert damage.offset is not None
    assert 0 < damage.offset < file.stat().st_size
    assert "10 rows before it are intact" in str(damage)


def test_a_shard_without_its_end_mark(folder: Path) -> None:
    """A writer that was killed after a whole batch loses no row, but is told."""
    file = folder / SECOND
    os.truncate(file, file.stat().st_size - 8)

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 40
    assert [damage.path for damage in dataset.damages] == [file]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(kept=st.floats(0, 1))
def test_a_shard_cut_anywhere(kept: float, folder: Path) -> None:
    """Wherever a shard is cut, what is left opens and reads."""
    save(folder, supervised(ROWS[:20]), supervised(ROWS[20:]), batch_rows=10)
    file = folder / FIRST
    os.truncate(file, int(file.stat().st_size * kept))

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == len(dataset)
    assert len(dataset) >= 20


@pytest.mark.parametrize("table", [supervised(ROWS[:20]), PAIRS], ids=["tokens", "text"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_byte_flipped_anywhere(data: st.DataObject, table: pa.Table, tmp_path: Path) -> None:
    """Whatever byte is wrong, reading ends with rows or a clear error, never otherwise."""
    save(tmp_path, table, table, batch_rows=10)
    file = tmp_path / FIRST
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)

    dataset = PreparedDataset.open(tmp_path)

    errors = [error for row in range(len(dataset)) if (error := error_of(dataset, row))]
    assert all(FIRST in str(error) for error in errors)


def test_a_missing_shard(folder: Path) -> None:
    """A shard that state.json lists and that is not there is named."""
    (folder / SECOND).unlink()

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 20
    assert [damage.path.name for damage in dataset.damages] == [SECOND]


def test_an_empty_shard(folder: Path) -> None:
    """A file of no bytes is a damage at byte 0."""
    (folder / FIRST).write_bytes(b"")

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 20
    assert [(d.path.name, d.offset) for d in dataset.damages] == [(FIRST, 0)]


@pytest.mark.parametrize("content", [b"not arrow at all" * 99, b"\xff" * 99, b"ARROW1\0\0" * 9])
def test_a_shard_that_is_no_arrow(content: bytes, folder: Path) -> None:
    """Other bytes in a shard cost that shard."""
    (folder / FIRST).write_bytes(content)

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 20
    assert [damage.path.name for damage in dataset.damages] == [FIRST]


def test_nothing_readable(folder: Path) -> None:
    """When no shard can be read the error names each of them."""
    for name in (FIRST, SECOND):
        (folder / name).write_bytes(b"junk")

    with pytest.raises(InspectError) as raised:
        PreparedDataset.open(folder)

    assert FIRST in str(raised.value)
    assert SECOND in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"_data_files": 3}',
        '{"_data_files": [3]}',
        '{"_data_files": [{"filename": 3}]}',
        '{"_data_files": [{"filename": null}]}',
    ],
)
def test_a_wrong_state(content: str, folder: Path) -> None:
    """Whatever state.json holds, the shards of the folder are read and the file is named."""
    (folder / "state.json").write_text(content, encoding="utf-8")

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 40
    assert {damage.path.name for damage in dataset.damages} == {"state.json"}


def test_a_state_that_is_no_text(folder: Path) -> None:
    """Bytes that are no JSON are the same."""
    (folder / "state.json").write_bytes(b"\xff\x00")

    assert readable_rows(PreparedDataset.open(folder)) == 40


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../elsewhere/data-00000-of-00001.arrow",
        "nested/data-00000-of-00001.arrow",
        "https://example.com/data.arrow",
        "s3://bucket/data.arrow",
        "..",
        ".",
        "",
        "nul\u0000byte.arrow",
    ],
)
def test_a_state_that_names_files_elsewhere(name: str, folder: Path, tmp_path: Path) -> None:
    """Nothing outside the folder is opened, whatever state.json says; what it names is told."""
    save(tmp_path / "elsewhere", supervised(ROWS))
    save(folder / "nested", supervised(ROWS))
    write_state(folder, [name, FIRST, SECOND])

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 40
    assert {damage.path.parent for damage in dataset.damages} == {folder}


def test_a_shard_listed_twice(folder: Path) -> None:
    """State says twice what is there once; the rows are counted as listed, none is invented."""
    write_state(folder, [FIRST, FIRST])

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == len(dataset)


def test_shards_with_other_columns(folder: Path) -> None:
    """A shard whose columns differ is left out and named."""
    write_stream(folder / SECOND, pa.table({"text": ["x"]}))

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 20
    assert [damage.path.name for damage in dataset.damages] == [SECOND]


def test_a_dataset_being_written(folder: Path) -> None:
    """Before state.json is there the shards so far are shown, with a word about it."""
    (folder / "state.json").unlink()
    (folder / "dataset_info.json").unlink()

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 40
    assert not dataset.complete
    assert "being written" in str(dataset.damages[0])


def test_a_file_shrunk_while_open(folder: Path) -> None:
    """Reading on after a shard was overwritten is an error, not a crash of the process."""
    dataset = PreparedDataset.open(folder)
    os.truncate(folder / FIRST, 100)

    with pytest.raises(InspectError, match="overwritten") as raised:
        dataset.sample(0)

    assert FIRST in str(raised.value)
    assert len(dataset.sample(30).sequences[0]) == 20


def test_a_folder_replaced_while_open(folder: Path) -> None:
    """Axolotl replaces files rather than change them; what is open stays readable."""
    dataset = PreparedDataset.open(folder)
    shutil.rmtree(folder)

    assert readable_rows(dataset) == 40


def test_text_offsets_out_of_range(tmp_path: Path) -> None:
    """Offsets that point past the text are an error of their rows; Arrow would end the process."""
    save(tmp_path, pa.table({"text": ["a" * 371, "b" * 373]}))
    file = tmp_path / "data-00000-of-00001.arrow"
    good, bad = (np.array([0, end, 744], np.int32).tobytes() for end in (371, 2**30))
    file.write_bytes(file.read_bytes().replace(good, bad))
    dataset = PreparedDataset.open(tmp_path)

    with pytest.raises(InspectError, match="damaged") as raised:
        dataset.sample(1)

    assert "rows 0 to 1" in str(raised.value)


def test_lists_that_disagree(tmp_path: Path) -> None:
    """A row whose labels are fewer than its tokens is an error that names the row."""
    table = pa.table(
        {"input_ids": pa.array([[1, 2], [3]], IDS), "labels": pa.array([[1], [3]], LABELS)}
    )
    dataset = PreparedDataset.open(save(tmp_path, table))

    with pytest.raises(InspectError, match="row 0"):
        dataset.sample(0)

    assert len(dataset.sample(1).sequences[0]) == 1


@pytest.mark.parametrize("ids", [[[1, None]], [None]])
def test_nulls_among_the_tokens(ids: list[object], tmp_path: Path) -> None:
    """A null is no token."""
    table = pa.table({"input_ids": pa.array(ids, IDS)})
    dataset = PreparedDataset.open(save(tmp_path, table))

    with pytest.raises(InspectError, match="null"):
        dataset.sample(0)


def test_labels_that_are_no_integers(tmp_path: Path) -> None:
    """Labels of another type are told; what they mean is not guessed."""
    table = pa.table({"input_ids": pa.array([[1]], IDS), "labels": [[0.5]]})

    dataset = PreparedDataset.open(save(tmp_path, table))

    assert "'labels' holds list<item: double>" in str(dataset.damages[0])
    assert dataset.sample(0).sequences[0].trained is None


def test_a_shard_that_is_a_folder(folder: Path) -> None:
    """A folder by a shard's name costs that shard."""
    (folder / FIRST).unlink()
    (folder / FIRST).mkdir()

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 20
    assert [damage.path.name for damage in dataset.damages] == [FIRST]


def test_a_shard_that_is_a_pipe(folder: Path) -> None:
    """Opening a named pipe would wait for ever; it is no shard."""
    (folder / FIRST).unlink()
    os.mkfifo(folder / FIRST)

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 20
    assert [damage.path.name for damage in dataset.damages] == [FIRST]


def test_a_dangling_link(folder: Path) -> None:
    """A link to nowhere is a missing shard."""
    (folder / FIRST).unlink()
    (folder / FIRST).symlink_to(folder / "gone")

    dataset = PreparedDataset.open(folder)

    assert readable_rows(dataset) == 20
    assert [damage.path.name for damage in dataset.damages] == [FIRST]


def test_states_are_written_as_datasets_writes_them(folder: Path) -> None:
    """The state.json of these tests has the keys that are read."""
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))

    assert [entry["filename"] for entry in state["_data_files"]] == [FIRST, SECOND]
