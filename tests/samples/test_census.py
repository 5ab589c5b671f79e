"""The census: counts of every row, in parts, of datasets of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspect_tool.samples import census as census_module
from inspect_tool.samples import scan as scan_module
from inspect_tool.samples.census import Census, census
from inspect_tool.samples.prepared import PreparedDataset
from tests.arrow_files import IDS, save, supervised

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LABELS_OF_ROWS = st.lists(st.lists(st.sampled_from([-100, 7]), max_size=8), min_size=1, max_size=30)


def counted(folder: Path, rows: list[tuple[list[int], list[int]]], **options: int) -> Census:
    """Write rows and count them."""
    return census(PreparedDataset.open(save(folder, supervised(rows), **options)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(labels=LABELS_OF_ROWS, batch_rows=st.integers(1, 12))
def test_counts(tmp_path: Path, labels: list[list[int]], batch_rows: int) -> None:
    """Every row's tokens and trained tokens are what a loop over its lists gives."""
    made = counted(tmp_path, [([7] * len(row), row) for row in labels], batch_rows=batch_rows)

    assert made.lengths.tolist() == [len(row) for row in labels]
    assert made.trained.tolist() == [row.count(7) for row in labels]
    assert made.tokens == sum(map(len, labels))
    assert made.trained_tokens == sum(row.count(7) for row in labels)
    assert made.complete


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(st.text(), st.none() | st.text()), min_size=1, max_size=12),
    batch_rows=st.integers(1, 5),
    large=st.booleans(),
)
def test_rows_stored_as_text_are_measured_in_characters(
    tmp_path: Path, rows: list[tuple[str, str | None]], batch_rows: int, large: bool
) -> None:
    """Both texts of a row count, whatever their bytes; they are no tokens."""
    kind = pa.large_string() if large else pa.string()
    columns = zip(("chosen", "rejected"), zip(*rows, strict=True), strict=True)
    table = pa.table({name: pa.array(texts, kind) for name, texts in columns})

    made = census(PreparedDataset.open(save(tmp_path, table, batch_rows=batch_rows)))

    assert made.characters is not None
    assert made.characters.tolist() == [len(one) + len(other or "") for one, other in rows]
    assert made.tokens == 0


def test_large_lists_are_lists(tmp_path: Path) -> None:
    """Columns with 64-bit offsets are counted like the others."""
    table = supervised([([7, 7], [-100, 7]), ([7], [7])])
    for place, column in enumerate(table.schema.names):
        large = pa.large_list(table.schema.field(column).type.value_type)
        table = table.set_column(place, column, table[column].cast(large))

    made = census(PreparedDataset.open(save(tmp_path, table)))

    assert (made.lengths.tolist(), made.trained.tolist()) == ([2, 1], [1, 1])


def test_both_sides_of_a_pair_are_counted(tmp_path: Path) -> None:
    """A reward pair has the tokens of chosen and rejected together, none of them labelled."""
    table = pa.table(
        {
            "chosen_ids": pa.array([[1, 2, 3], [4]], IDS),
            "rejected_ids": pa.array([[1, 2], []], IDS),
        }
    )

    made = census(PreparedDataset.open(save(tmp_path, table)))

    assert made.lengths.tolist() == [5, 1]
    assert (made.labelled, made.trained_tokens) == (False, 0)


def test_text_has_rows_but_no_tokens(tmp_path: Path) -> None:
    """What the trainer will tokenize has no token count yet."""
    table = pa.table({"prompt": ["a", "b"], "chosen": ["c", "d"], "rejected": ["e", "f"]})

    made = census(PreparedDataset.open(save(tmp_path, table)))

    assert (made.rows, made.done, made.tokens) == (2, 2, 0)


def test_an_empty_dataset(tmp_path: Path) -> None:
    """No rows are counted as none, and have histograms of nothing."""
    made = counted(tmp_path, [])

    assert (made.rows, made.tokens, made.complete) == (0, 0, True)
    assert made.length_histogram().counts.sum() == 0
    assert made.quantile(0.5) == 0


def test_parts_only_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has counted more rows, and what was counted stays as it was."""
    monkeypatch.setattr(census_module, "PART_SECONDS", 0.0)
    rows = [([7] * n, [-100] * n) for n in range(1, 41)]
    dataset = PreparedDataset.open(save(tmp_path, supervised(rows), batch_rows=4))
    parts: list[tuple[int, int]] = []

    whole = census(dataset, on_part=lambda part: parts.append((part.done, part.tokens)))

    assert [done for done, _ in parts] == list(range(4, 41, 4))
    assert [tokens for _, tokens in parts] == [done * (done + 1) // 2 for done, _ in parts]
    assert whole.complete


def test_cancelled(tmp_path: Path) -> None:
    """After cancelling, the census is of the rows counted until then."""
    rows = [([7, 7], [-100, 7])] * 40
    dataset = PreparedDataset.open(save(tmp_path, supervised(rows), batch_rows=4))
    asked = iter([False, False, True])

    part = census(dataset, cancelled=lambda: next(asked))

    assert (part.done, part.complete) == (12, False)
    assert len(part.shares) == 12


def test_order_by_share(tmp_path: Path) -> None:
    """Rows sort by trained share with ties in the order of the file, empty rows lowest."""
    rows = [([7, 7], [7, 7]), ([7, 7], [-100, 7]), ([], []), ([7, 7, 7, 7], [7, 7, -100, -100])]

    made = counted(tmp_path, rows)

    assert made.order("share").tolist() == [2, 1, 3, 0]
    assert made.order("share", descending=True).tolist() == [0, 1, 3, 2]
    assert made.order("length", descending=True).tolist() == [3, 0, 1, 2]


def test_histograms_count_every_row(tmp_path: Path) -> None:
    """Every row falls into one bin, the extremes into the first and the last."""
    made = counted(tmp_path, [([7] * n, [7] * (n // 2) + [-100] * (n - n // 2)) for n in range(50)])

    lengths, shares = made.length_histogram(7), made.share_histogram(5)
    assert (lengths.counts.sum(), lengths.low, lengths.high) == (50, 0, 49)
    assert lengths.counts[0] > 0
    assert lengths.counts[-1] > 0
    assert shares.counts.sum() == 50
    assert shares.counts.argmax() == 2


def test_rows_longer_than_a_stretch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is never cut, however long it is."""
    monkeypatch.setattr(scan_module, "STRETCH_TOKENS", 10)

    made = counted(tmp_path, [([7] * n, [7] * n) for n in (3, 95, 0, 11)])

    assert made.trained.tolist() == [3, 95, 0, 11]


def test_a_block_that_cannot_be_read(tmp_path: Path) -> None:
    """Its rows count as empty and are named; the others are counted."""
    nulls = pa.array([[1, None], [2]], IDS)
    table = pa.table({"input_ids": pa.concat_arrays([pa.array([[1, 2]], IDS), nulls])})
    dataset = PreparedDataset.open(save(tmp_path, table, batch_rows=1))

    made = census(dataset)

    assert made.lengths.tolist() == [2, 0, 1]
    assert list(made.unreadable) == [range(1, 2)]


def test_memory_is_not_kept(tmp_path: Path) -> None:
    """What a census holds is its four bytes a row, twice; nothing of the dataset."""
    made = counted(tmp_path, [([7], [7])] * 10)

    assert all(
        array.dtype == np.int32 and array.base is None for array in (made.lengths, made.trained)
    )
