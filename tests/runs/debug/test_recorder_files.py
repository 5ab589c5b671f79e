"""What the recorder writes is read whole, at any time and after kill -9; its disk is bounded."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.batches import BATCHES, FOLDER, read_batches, read_notes
from inspect_tool.runs.recording import files as recorded
from inspect_tool.runs.recording.files import BatchFiles
from tests.runs.debug.recordings import packed, record

if TYPE_CHECKING:
    from pathlib import Path

ANY = {"phase": "train", "step": 1, "micro_batch": 0, "loss": 1.0}


def test_a_batch_comes_back(tmp_path: Path) -> None:
    """Tensors keep their names, shapes and values, and the line its facts."""
    batch = record(tmp_path, packed(0, 1), line={"step": 7, "row_names": ["chosen"]})
    ids = batch.input_ids

    assert ids is not None
    assert (ids.tolist(), str(ids.dtype)) == (packed(0, 1)["input_ids"], "int32")
    assert (batch.step, batch.phase, batch.row_names) == (7, "train", ("chosen",))
    assert batch.attention_mask is None


@pytest.mark.parametrize("loss", ["nan", "inf", "-inf"])
def test_losses_that_are_not_finite(tmp_path: Path, loss: str) -> None:
    """They are themselves again, from JSON that any reader takes."""
    batch = record(tmp_path, packed(0), line={"loss": loss})

    assert str(batch.loss) == loss


def test_only_newer_ones(tmp_path: Path) -> None:
    """A reader that follows a run asks for what it has not seen."""
    for _ in range(3):
        record(tmp_path, packed(0))

    assert [batch.number for batch in read_batches(tmp_path, after=1)] == [2, 3]


def test_no_recording(tmp_path: Path) -> None:
    """A folder without one has no batches, and that is no error."""
    assert read_batches(tmp_path) == ()
    assert read_notes(tmp_path) == ()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"number": 2}',
        '{"number": "2", "file": "a.npz"}',
        json.dumps({**ANY, "number": 2, "reason": "first", "file": "../../a.npz"}),
        json.dumps({**ANY, "number": 2, "reason": "\x1b[2J", "file": "a.npz"}),
        "\x1b[31m",
    ],
)
def test_lines_that_are_no_batch(tmp_path: Path, line: str) -> None:
    """What a kill cut off, or what was never ours, costs itself only."""
    record(tmp_path, packed(0))
    with (tmp_path / BATCHES).open("a") as file:
        file.write(line)

    assert [batch.number for batch in read_batches(tmp_path)] == [1]


def test_a_draft_is_no_batch(tmp_path: Path) -> None:
    """A run killed while it wrote a batch leaves a file that no line names."""
    record(tmp_path, packed(0))
    (tmp_path / FOLDER / ".000002-train.npz.draft").write_bytes(b"PK")

    assert [batch.number for batch in read_batches(tmp_path)] == [1]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and no more", b"\x93NUMPY"])
def test_a_damaged_file(tmp_path: Path, damage: bytes) -> None:
    """It is named when it is asked for; what its line says is there all the same."""
    batch = record(tmp_path, packed(0))
    batch = read_batches(tmp_path)[0]
    batch.path.write_bytes(damage)

    assert batch.loss == 2.5
    with pytest.raises(InspectError, match=r"000001-train\.npz: the batch cannot be read"):
        _ = batch.sequences


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    """So is one that was deleted."""
    batch = record(tmp_path, packed(0))
    batch.path.unlink()

    with pytest.raises(InspectError, match="No such file"):
        _ = batch.tensors


def test_no_pickles(tmp_path: Path) -> None:
    """Nothing in a batch's file is run: it may come from someone else."""
    batch = record(tmp_path, packed(0))
    np.savez(batch.path, input_ids=np.array([{"a": 1}], dtype=object))

    with pytest.raises(InspectError, match="cannot be read"):
        _ = batch.tensors


def test_so_many_and_no_more(tmp_path: Path) -> None:
    """Each reason has room for so many; the first to go over is said, once."""
    files = BatchFiles(tmp_path)
    while files.wants("train", "outlier"):
        files.add({**ANY, "reason": "outlier"}, {"input_ids": np.zeros((1, 2), np.int32)})

    assert len(read_batches(tmp_path)) == recorded.MOST_OF_A_REASON["train", "outlier"]
    assert [note for note in read_notes(tmp_path) if "outlier" in note] == list(
        read_notes(tmp_path)
    )
    assert len(read_notes(tmp_path)) == 1
    assert files.wants("train", "first")


def test_so_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason, nothing is kept beyond the disk that a run may take."""
    monkeypatch.setattr(recorded, "MOST_BYTES", 100)
    files = BatchFiles(tmp_path)
    files.add({**ANY, "reason": "first"}, {"input_ids": np.zeros((1, 30), np.int32)})

    assert not any(files.wants(phase, reason) for phase, reason in recorded.MOST_OF_A_REASON)
    assert "no batch after step 1" in read_notes(tmp_path)[0]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A batch that could not be written has no line."""
    files = BatchFiles(tmp_path)
    (tmp_path / FOLDER).write_text("in the way")

    with pytest.raises(OSError, match=FOLDER):
        files.add({**ANY, "reason": "first"}, {"input_ids": np.zeros((1, 2), np.int32)})
    assert read_batches(tmp_path) == ()


def test_lines_are_plain_json(tmp_path: Path) -> None:
    """Another program may read them: no NaN outside the standard."""
    record(tmp_path, packed(0), line={"loss": "nan"})
    text = (tmp_path / BATCHES).read_text("utf-8")
    line = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    assert math.isnan(float(line["loss"]))
