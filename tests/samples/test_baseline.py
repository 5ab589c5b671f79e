"""A baseline accepts what it knows, by content, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from inspect_tool.errors import InspectError
from inspect_tool.samples.baseline import Baseline
from inspect_tool.samples.checks import Report, check
from inspect_tool.samples.prepared import PreparedDataset
from tests.arrow_files import IDS, save, supervised
from tests.samples.checks.rendered import found

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

GOOD = ([5, 6, 7], [-100, 6, 7])
MASKED = ([5, 6], [-100, -100])
OTHER_MASKED = ([5, 6, 8], [-100, -100, -100])


def report_on(
    folder: Path, rows: Iterable[tuple[list[int], list[int]]]
) -> tuple[Report, PreparedDataset]:
    """Write rows and check them, without a tokenizer."""
    dataset = PreparedDataset.open(save(folder, supervised(list(rows))))
    return check(dataset, None), dataset


def test_known_rows_are_accepted_wherever_they_are(tmp_path: Path) -> None:
    """Shuffled rows are known again by their content."""
    baseline = Baseline.of(*report_on(tmp_path / "a", [GOOD, MASKED, OTHER_MASKED]))

    left = baseline.apply(*report_on(tmp_path / "b", [OTHER_MASKED, GOOD, MASKED]))

    assert left.findings == ()
    assert left.accepted == 2


def test_new_rows_are_left(tmp_path: Path) -> None:
    """Of a finding with known and new rows, the new ones stay, counted exactly."""
    baseline = Baseline.of(*report_on(tmp_path / "a", [GOOD, MASKED]))

    left = baseline.apply(*report_on(tmp_path / "b", [MASKED, GOOD, OTHER_MASKED]))

    assert found(left) == {"L-ALL-MASKED": [2]}
    assert left.findings[0].count == 1


def test_another_copy_of_an_accepted_row_is_new(tmp_path: Path) -> None:
    """As many copies are accepted as there were."""
    baseline = Baseline.of(*report_on(tmp_path / "a", [GOOD, GOOD]))

    left = baseline.apply(*report_on(tmp_path / "b", [GOOD, GOOD, GOOD]))

    assert found(left) == {"L-DUPLICATE": [2]}


def test_the_same_row_with_another_fault_is_new(tmp_path: Path) -> None:
    """A row is accepted for a code, not altogether."""
    baseline = Baseline.of(*report_on(tmp_path / "a", [GOOD, MASKED]))

    left = baseline.apply(*report_on(tmp_path / "b", [MASKED, MASKED]))

    assert set(found(left)) == {"L-ALL-MASKED", "L-DUPLICATE"}
    assert left.accepted == 1


def test_written_and_read(tmp_path: Path) -> None:
    """A file holds the whole baseline, and the same findings give the same file."""
    report, dataset = report_on(tmp_path / "a", [GOOD, MASKED, MASKED])
    baseline = Baseline.of(report, dataset)
    file = tmp_path / "baseline.json"

    baseline.write(file)

    assert Baseline.read(file).accepted == baseline.accepted
    before = file.read_bytes()
    Baseline.of(*report_on(tmp_path / "b", [MASKED, GOOD, MASKED])).write(file)
    assert file.read_bytes() == before


def test_damage_is_known_by_what_it_says(tmp_path: Path) -> None:
    """A finding without rows is accepted by its message."""
    dataset = PreparedDataset.open(save(tmp_path / "a", supervised([GOOD])))
    (tmp_path / "a" / "state.json").unlink()
    dataset = PreparedDataset.open(tmp_path / "a")
    report = check(dataset, None)

    left = Baseline.of(report, dataset).apply(report, dataset)

    assert [finding.code for finding in report.findings] == ["L-DAMAGED"]
    assert left.findings == ()


def test_text_rows_have_a_content_too(tmp_path: Path) -> None:
    """Pairs stored as text are known again."""
    table = pa.table({"prompt": ["p", "q"], "chosen": ["a", "b"], "rejected": ["a", "c"]})
    dataset = PreparedDataset.open(save(tmp_path, table))
    report = check(dataset, None)

    assert found(report) == {"L-EQUAL-PAIR": [0]}
    assert Baseline.of(report, dataset).apply(report, dataset).findings == ()


def test_integer_types_do_not_matter(tmp_path: Path) -> None:
    """The same tokens stored as 64-bit integers are the same row."""
    wide = supervised([MASKED])
    narrow = wide.set_column(0, "input_ids", wide["input_ids"].cast(pa.list_(pa.int64())))
    baseline = Baseline.of(*report_on(tmp_path / "a", [MASKED]))
    dataset = PreparedDataset.open(save(tmp_path / "b", narrow))

    assert narrow["input_ids"].type != IDS
    assert baseline.apply(check(dataset, None), dataset).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"version": 2}',
        '{"version": 1}',
        '{"version": 1, "findings": [1]}',
        '{"version": 1, "findings": {"L-LABEL": {"ab": "x"}}}',
    ],
)
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    """What is no baseline is named, with how to make one."""
    file = tmp_path / "baseline.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(InspectError, match=r"baseline.json.*--write-baseline"):
        Baseline.read(file)


def test_a_missing_file(tmp_path: Path) -> None:
    """A baseline that is not there is named, with how to make one."""
    with pytest.raises(InspectError, match=r"no baseline there .*--write-baseline"):
        Baseline.read(tmp_path / "none.json")
