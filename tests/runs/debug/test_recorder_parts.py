"""A recorded batch's rows come apart into samples and padding, with the rows they came from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from inspect_tool.runs.trainer_rows import TrainerRows, file_name
from tests.arrow_files import save
from tests.runs.debug.recordings import HASH, PAD, ROWS, codes, packed, prepare, record, said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runs.debug.recordings import Tensors


def unpacked(*rows: int, left: bool = False) -> Tensors:
    """Return a batch with these rows, padded to the longest at the end, or at the start."""
    longest = max(len(ROWS[row][0]) for row in rows)

    def pad(values: list[int], filler: int) -> list[int]:
        pads = [filler] * (longest - len(values))
        return pads + values if left else values + pads

    return {
        "input_ids": [pad(ROWS[row][0], PAD) for row in rows],
        "labels": [pad(ROWS[row][1], -100) for row in rows],
        "attention_mask": [pad([1] * len(ROWS[row][0]), 0) for row in rows],
    }


def test_padding_at_the_end(tmp_path: Path) -> None:
    """What the attention mask leaves out is padding."""
    prepare(tmp_path)
    batch = record(tmp_path, unpacked(3, 0))

    assert said(batch) == [["0-8 row 3"], ["0-5 row 0", "5-8 padding"]]
    assert batch.findings == ()


def test_padding_at_the_start(tmp_path: Path) -> None:
    """Tokenizers that pad on the left are no different."""
    prepare(tmp_path)

    assert said(record(tmp_path, unpacked(1, 4, left=True)))[0] == ["0-3 padding", "3-9 row 1"]


def test_packed_samples(tmp_path: Path) -> None:
    """Positions that begin again begin a sample; the padding after them is none."""
    prepare(tmp_path)
    batch = record(tmp_path, packed(2, 0, 1, length=24))

    assert said(batch) == [["0-7 row 2", "7-12 row 0", "12-18 row 1", "18-24 padding"]]
    assert batch.findings == ()


def test_samples_numbered_by_the_mask(tmp_path: Path) -> None:
    """An attention mask of 1, 2, ... tells samples apart where positions do not."""
    prepare(tmp_path)
    tensors = packed(2, 0)
    tensors["position_ids"] = [list(range(12))]
    batch = record(tmp_path, {**tensors, "attention_mask": [[1] * 7 + [2] * 5]})

    assert said(batch) == [["0-7 row 2", "7-12 row 0"]]
    assert codes(batch) == ["R-BATCH-POSITIONS"]


def test_padding_that_nothing_marks(tmp_path: Path) -> None:
    """Without a mask and positions, untrained padding tokens at the end are padding."""
    prepare(tmp_path)
    tensors = packed(1, length=10)
    del tensors["position_ids"]

    assert said(record(tmp_path, tensors)) == [["0-6 row 1", "6-10 padding"]]


def test_a_sample_that_ends_with_the_padding_token(tmp_path: Path) -> None:
    """Where EOS pads, a masked EOS at the end of a sample is the sample's own."""
    ids, labels = ROWS[0]
    prepare(tmp_path, [([*ids, PAD], [*labels, -100]), ROWS[1]])
    tensors = {"input_ids": [[*ids, PAD, PAD, PAD, PAD]], "labels": [[*labels, *[-100] * 4]]}

    assert said(record(tmp_path, tensors)) == [["0-6 row 0", "6-9 padding"]]


def test_equal_rows(tmp_path: Path) -> None:
    """A sample that was prepared more than once is said to be one of them."""
    prepare(tmp_path, [ROWS[0], ROWS[1], ROWS[0]])

    assert said(record(tmp_path, packed(0))) == [["0-5 one of rows 0, 2"]]


def test_rows_that_differ_in_their_labels(tmp_path: Path) -> None:
    """Of rows with the same tokens, those with the same labels are meant."""
    ids, _ = ROWS[0]
    prepare(tmp_path, [(ids, ids), ROWS[0]])
    batch = record(tmp_path, packed(0))

    assert said(batch) == [["0-5 row 1"]]
    assert batch.findings == ()


def test_a_sample_of_no_row(tmp_path: Path) -> None:
    """Tokens that nobody prepared are a finding, and the place is named."""
    prepare(tmp_path)
    batch = record(tmp_path, {"input_ids": [[7, 7, 7]], "labels": [[7, 7, 7]]})

    assert said(batch) == [["0-3 unknown: no prepared row has these tokens"]]
    assert codes(batch) == ["R-BATCH-TOKENS"]
    assert "tokens 0 to 3 of the batch's row 0" in batch.findings[0].message


def test_a_sample_cut_off(tmp_path: Path) -> None:
    """The beginning of a longer row is that row, cut off, and a finding."""
    prepare(tmp_path)
    ids, labels = ROWS[4]
    batch = record(tmp_path, {"input_ids": [ids[:8]], "labels": [labels[:8]]})

    assert said(batch) == [["0-8 row 4, cut off"]]
    assert codes(batch) == ["R-BATCH-TOKENS"]


def test_nothing_was_prepared(tmp_path: Path) -> None:
    """Streamed rows are stored nowhere; the parts say so, and nothing is judged."""
    batch = record(tmp_path, packed(0, 1), line={"prepared": None})

    assert "rows are made while training" in said(batch)[0][0]
    assert batch.findings == ()


def test_a_prepared_folder_that_is_gone(tmp_path: Path) -> None:
    """Prepared rows deleted after the run are named as missing."""
    assert "no prepared dataset lies in" in said(record(tmp_path, packed(0)))[0][0]


CHOSEN = [[1, 2, 11, 12], [1, 2, 21, 22, 23]]
REJECTED = [[1, 2, 13], [1, 2, 24]]


def pairs(run: Path, *, rows: tuple[int, ...] = (1, 0)) -> None:
    """Write two preferences as text, and what a trainer made of them, in another order."""
    text = {name: ["a", "b"] for name in ("prompt", "chosen", "rejected")}
    save(run / "prepared" / HASH, pa.table(text))
    columns = {
        name: (np.array([t for item in lists for t in item]), np.cumsum([0, *map(len, lists)]))
        for name, lists in {
            "prompt_ids": [[1, 2], [1, 2]],
            "chosen_ids": [ids[2:] for ids in CHOSEN],
            "rejected_ids": [ids[2:] for ids in REJECTED],
        }.items()
    }
    made = TrainerRows(f"prepared/{HASH}", np.array(rows), columns)
    (run / "batches").mkdir()
    made.write(run / "batches" / file_name("train"))


def both(chosen: list[int], rejected: list[int]) -> Tensors:
    """Return one pair as a batch, padded on the right."""
    longest = max(len(chosen), len(rejected))
    rows = (chosen, rejected)
    return {
        "input_ids": [ids + [PAD] * (longest - len(ids)) for ids in rows],
        "attention_mask": [[1] * len(ids) + [0] * (longest - len(ids)) for ids in rows],
    }


def test_preferences(tmp_path: Path) -> None:
    """Tokens that the trainer made of stored text lead to the row with that text."""
    pairs(tmp_path)
    batch = record(tmp_path, both(CHOSEN[1], REJECTED[1]))

    assert said(batch) == [["0-5 row 0 (chosen)"], ["0-3 row 0 (rejected)", "3-5 padding"]]
    assert [part[0].dataset for part in batch.parts(batch.sequences[0])] == [
        tmp_path / "prepared" / HASH
    ] * 2
    assert batch.findings == ()


def test_preferences_of_no_row(tmp_path: Path) -> None:
    """Tokens that the trainer has not are unknown; so are those of text that is stored nowhere."""
    pairs(tmp_path, rows=(1, -1))
    batch = record(tmp_path, both(CHOSEN[1], [7, 7, 7]))

    unknown = "unknown: none of the trainer's rows has these tokens"
    assert said(batch) == [[f"0-5 {unknown}"], [f"0-3 {unknown}", "3-5 padding"]]


def test_an_answer_that_was_sampled(tmp_path: Path) -> None:
    """What a method samples while it trains comes from no row; its prompt does."""
    pairs(tmp_path)
    tensors = {"prompt_ids": [[1, 2]], "prompt_mask": [[1, 1]], "completion_ids": [[9]]}
    batch = record(tmp_path, {**tensors, "completion_mask": [[1]]})
    parts = [str(batch.parts(sequence)[0][0]) for sequence in batch.sequences]

    assert parts == ["one of rows 0, 1 (prompt)", "unknown: made while training"]


def test_a_damaged_dataset(tmp_path: Path) -> None:
    """What cannot be opened is the reason, not an error."""
    shard = next(prepare(tmp_path).glob("*.arrow"))
    shard.write_bytes(b"\xff\xff\xff\xff")

    assert shard.name in said(record(tmp_path, packed(0)))[0][0]


def test_a_dataset_that_was_written_anew(tmp_path: Path) -> None:
    """Rows that changed since they were opened are not judged; the batch's are unknown."""
    shard = next(prepare(tmp_path).glob("*.arrow"))
    before = shard.stat()
    batch = record(tmp_path, packed(0))
    assert said(batch) == [["0-5 row 0"]]
    shard.write_bytes(shard.read_bytes()[:200])
    os.utime(shard, ns=(before.st_atime_ns, before.st_mtime_ns))
    again = record(tmp_path, packed(0))

    assert "cannot be read" in said(again)[0][0]
    assert again.findings == ()


def test_labels_that_changed(tmp_path: Path) -> None:
    """Labels other than the prepared ones are a finding: the row, the first token and both."""
    prepare(tmp_path)
    tensors = packed(2, 0)
    tensors["labels"][0][7 + 1] = tensors["input_ids"][0][7 + 1]
    finding = record(tmp_path, tensors).findings[0]

    assert (finding.code, finding.count, list(finding.rows)) == ("R-BATCH-LABELS", 1, [0])
    assert "token 8 of the batch's row 0 (dataset row 0, token 1)" in finding.message
    assert "is trained with label 11, prepared as masked" in finding.message


def test_a_masked_first_token(tmp_path: Path) -> None:
    """A packer that masks the first token of a sample changes nothing: nothing predicts it."""
    ids, _ = ROWS[0]
    prepare(tmp_path, [(ids, ids)])
    batch = record(tmp_path, {"input_ids": [ids], "labels": [[-100, *ids[1:]]]})

    assert batch.findings == ()


def test_nothing_is_trained(tmp_path: Path) -> None:
    """A batch without a trained token explains a loss of nan."""
    ids, _ = ROWS[0]
    prepare(tmp_path, [(ids, [-100] * 5)])
    batch = record(tmp_path, {"input_ids": [ids], "labels": [[-100] * 5]}, line={"loss": "nan"})

    assert codes(batch) == ["R-BATCH-UNTRAINED"]
    assert batch.findings[0].message.endswith("its loss is nan")


def test_samples_that_see_each_other(tmp_path: Path) -> None:
    """A mask of numbers is one mask to sdpa: packed samples attend to those before them."""
    prepare(tmp_path)
    mask = {"attention_mask": [[1] * 7 + [2] * 5]}
    seen = {"attention": "sdpa", "attention_masked": True}
    flash = {**seen, "attention": "flash_attention_2"}

    assert codes(record(tmp_path, {**packed(2, 0), **mask}, line=seen)) == ["R-BATCH-LEAK"]
    assert codes(record(tmp_path, {**packed(2, 0), **mask}, line=flash)) == []
    assert codes(record(tmp_path, packed(2, 0), line={**seen, "attention_masked": False})) == []
