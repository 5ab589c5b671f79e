"""One pass for all rules: the same findings however it is cut, and what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from inspect_tool.errors import InspectError
from inspect_tool.samples import scan as scan_module
from inspect_tool.samples.checks import check
from inspect_tool.samples.checks import run as run_module
from inspect_tool.samples.checks.registry import RULES
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import IDS, LABELS, save, supervised
from tests.samples.checks.rendered import Row, checked, found, turns

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.samples.checks import Report


@pytest.fixture
def rows(chatml_dir: Path) -> list[Row]:
    """Rows with faults of many kinds among rows without any."""
    good = [
        turns(chatml_dir, ("user", f"Question {n}?", False), ("assistant", f"Answer {n}.", True))
        for n in range(20)
    ]
    ask = ("user", "Well?", False)
    bad = [
        turns(chatml_dir, ask, ("assistant", "No.", True), end_trained=False),
        turns(chatml_dir, ask, ("assistant", "Masked.", False)),
        turns(chatml_dir, ("user", "Trained.", True), ("assistant", "Yes.", True)),
        turns(chatml_dir, ask, ("assistant", "", False), ask, ("assistant", "Hm.", True)),
        turns(chatml_dir, ask, ("assistant", "Said with <|eot_id|> in it.", True)),
        turns(chatml_dir, ask, ("assistant", "A newline.\n", True)),
        good[3],
        ([], []),
    ]
    return good[:10] + bad + good[10:]


@pytest.mark.parametrize(
    ("batch_rows", "tokens"), [(1, 1), (1, 1 << 19), (3, 100), (1000, 1), (1000, 100)]
)
def test_findings_do_not_depend_on_how_rows_are_cut(
    rows: list[Row],
    batch_rows: int,
    tokens: int,
    tmp_path: Path,
    chatml_dir: Path,
) -> None:
    """Blocks and stretches of any size give the same findings, told the same way."""
    vocabulary = Vocabulary.load(chatml_dir)
    whole = check(PreparedDataset.open(save(tmp_path / "a", supervised(rows))), vocabulary)
    folder = save(tmp_path / "b", supervised(rows), batch_rows=batch_rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_module, "STRETCH_TOKENS", tokens)
        cut = check(PreparedDataset.open(folder), vocabulary)

    assert cut.findings == whole.findings
    assert cut.last_tokens == whole.last_tokens
    assert found(whole) == {
        "L-ALL-MASKED": [11],
        "L-EMPTY": [17],
        "L-EMPTY-TURN": [13],
        "L-EOS-MASKED": [10],
        "L-PROMPT-TRAINED": [12],
        "L-SPLIT-SPECIAL": [14],
        "L-TAIL-WS": [15],
        "L-DUPLICATE": [16],
    }


def test_worst_first(rows: list[Row], tmp_path: Path, chatml_dir: Path) -> None:
    """Errors come before warnings, warnings before remarks."""
    severities = [finding.severity for finding in checked(tmp_path, rows, chatml_dir).findings]

    assert severities == sorted(severities, key=["error", "warning", "info"].index)


def test_select_and_ignore(rows: list[Row], tmp_path: Path, chatml_dir: Path) -> None:
    """Only what is selected is run, without what is ignored; codes in any case, without L-."""
    report = checked(
        tmp_path, rows, chatml_dir, select=["l-empty", "duplicate", "L-TAIL-WS"], ignore=["L-EMPTY"]
    )

    assert set(found(report)) == {"L-DUPLICATE", "L-TAIL-WS"}
    assert set(report.run) == {"L-DUPLICATE", "L-TAIL-WS"}


def test_a_code_that_does_not_exist(rows: list[Row], tmp_path: Path, chatml_dir: Path) -> None:
    """It is refused, with the codes there are."""
    with pytest.raises(InspectError, match=r"L-NOTHING.*L-ALL-MASKED"):
        checked(tmp_path, rows, chatml_dir, select=["L-NOTHING"])
    with pytest.raises(InspectError, match=r"L-NOTHING.*L-ALL-MASKED"):
        checked(tmp_path, rows, chatml_dir, ignore=["L-NOTHING"])


def test_codes_are_unique() -> None:
    """No two rules share a code, and each says what it finds."""
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.title and (type(rule).__doc__ or "").strip() for rule in RULES)


def test_parts_of_a_long_pass(
    rows: list[Row], tmp_path: Path, chatml_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts and findings come while the pass goes on, and grow to the whole."""
    monkeypatch.setattr(run_module, "PART_SECONDS", 0.0)
    monkeypatch.setattr(run_module, "CONCLUDE_SECONDS", 0.0)
    monkeypatch.setattr(run_module, "CONCLUDE_SHARE", 0)
    monkeypatch.setattr(scan_module, "STRETCH_TOKENS", 40)
    parts: list[Report] = []

    report = checked(tmp_path, rows, chatml_dir, on_part=parts.append)

    done = [part.census.done for part in parts]
    assert done == sorted(done)
    assert len(parts) > 5
    assert parts[0].findings == ()
    assert set(found(parts[-1])) == set(found(report)) - {"L-DUPLICATE"}


def test_cancelled(
    rows: list[Row], tmp_path: Path, chatml_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled pass reports on the rows it saw."""
    monkeypatch.setattr(scan_module, "STRETCH_TOKENS", 1)

    report = checked(tmp_path, rows, chatml_dir, cancelled=lambda: True)

    assert (report.census.done, report.findings) == (1, ())


def test_damage_is_a_finding(rows: list[Row], tmp_path: Path, chatml_dir: Path) -> None:
    """A shard that is cut short is named, and the rows that are intact are checked."""
    folder = save(tmp_path, supervised(rows), supervised(rows))
    second = folder / "data-00001-of-00002.arrow"
    second.write_bytes(second.read_bytes()[:-400])

    report = check(PreparedDataset.open(folder), Vocabulary.load(chatml_dir))

    assert str(second) in report.findings[0].message
    assert report.findings[0].code == "L-DAMAGED"
    assert report.census.rows == len(rows)
    assert report.failed


def test_uneven_rows_are_damage(tmp_path: Path, chatml_dir: Path) -> None:
    """Rows whose labels do not match their tokens are found, once, and not called empty."""
    table = pa.table(
        {
            "input_ids": pa.array([[5, 3002], [5, 6]], IDS),
            "labels": pa.array([[-100, 3002], [-100]], LABELS),
        }
    )

    report = check(PreparedDataset.open(save(tmp_path, table)), Vocabulary.load(chatml_dir))

    assert found(report) == {"L-DAMAGED": [1]}


def test_unreadable_rows_are_damage(tmp_path: Path, chatml_dir: Path) -> None:
    """A block that cannot be read costs its own rows."""
    table = pa.table(
        {
            "input_ids": pa.array([[5, 3002], [5, None]], IDS),
            "labels": pa.array([[-100, 3002], [-100, 5]], LABELS),
        }
    )

    report = check(
        PreparedDataset.open(save(tmp_path, table, batch_rows=1)), Vocabulary.load(chatml_dir)
    )

    assert found(report)["L-DAMAGED"] == [1]
    assert "nulls" in report.findings[0].message


def test_a_dataset_without_rows_is_an_error(tmp_path: Path, chatml_dir: Path) -> None:
    """What axolotl stores when it drops every row trains nothing, and no row can say so."""
    report = checked(tmp_path, [], chatml_dir)

    (finding,) = report.findings
    assert (finding.code, finding.severity, report.census.rows) == ("L-EMPTY", "error", 0)


def test_remarks_alone_do_not_fail(rows: list[Row], tmp_path: Path, chatml_dir: Path) -> None:
    """Only errors and warnings make a report fail."""
    assert not checked(tmp_path, rows, chatml_dir, select=["L-TAIL-WS"]).failed
    assert checked(tmp_path, rows, chatml_dir, select=["L-DUPLICATE"]).failed


def test_json_caps_rows_and_counts_them_all(tmp_path: Path, chatml_dir: Path) -> None:
    """A finding of many rows lists the first and counts all."""
    masked = turns(chatml_dir, ("user", "Well?", False), ("assistant", "Hm.", False))
    report = checked(tmp_path, [masked] * 30, chatml_dir, select=["L-ALL-MASKED"])

    (finding,) = report.to_json(max_rows=7)["findings"]

    assert (finding["count"], finding["rows"]) == (30, list(range(7)))
