"""What became of every raw row, held against what real axolotl prepared."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from inspect_tool.prompts.training import TrainingRows
from inspect_tool.runs.ledger import Fate, Ledger, LedgerRow, ledger
from inspect_tool.runs.ledgers import ledgers
from inspect_tool.runs.target import resolve
from inspect_tool.samples.prepared import PreparedDataset
from tests.axolotl_runs import ROOT, complete_folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker

pytestmark = pytest.mark.slow

CONFIGS = ROOT / "tests" / "prompts" / "configs"


@pytest.fixture
def kept(
    prepared: Callable[[str | Path], Path], worker: AxolotlWorker
) -> Callable[[str | Path], Ledger]:
    """Keep the ledger of a recipe or config against its prepared folder."""

    def make(name: str | Path) -> Ledger:
        root = prepared(name)
        rows = TrainingRows(worker, root.parent / "config.yml", ROOT)
        return ledger(rows, complete_folders(root)[0])

    return make


def fates(found: Ledger) -> list[tuple[str, str | None]]:
    """Return each row's fate and reason."""
    return [(row.fate.value, row.reason) for row in found.rows]


@pytest.mark.parametrize(
    "name",
    [
        "alpaca",
        "chat-chatml",
        "completion",
        "merged",
        "packed",
        "pretokenized",
        "process-reward",
        "dpo",
        "grpo",
        "ipo",
        "kto",
        "orpo",
        "reward-model",
        "simpo",
    ],
)
def test_every_prepared_row_is_given_out_once(
    name: str, kept: Callable[[str | Path], Ledger]
) -> None:
    """All prepared rows come from raw rows, each from one, and no raw row is lost."""
    found = kept(name)

    given = [row for item in found.rows for row in item.prepared]
    assert sorted(given) == list(range(found.prepared))
    assert found.agrees
    assert len(found.rows) == found.info.rows


def test_ways_to_be_dropped(kept: Callable[[str | Path], Ledger]) -> None:
    """Too long, nothing to train, the same as an earlier row: each says which."""
    found = kept(CONFIGS / "dropped.yml")

    assert Counter(fates(found)) == {
        ("prepared", None): 3,
        ("dropped", "no-trained-tokens"): 5,
        ("dropped", "too-long"): 4,
        ("dropped", "duplicate"): 1,
    }
    assert found.rows[1].detail == "84 tokens, sequence_len 32"
    assert found.rows[2].detail == "as datasets.0 row 0"


def test_truncated_rows(kept: Callable[[str | Path], Ledger]) -> None:
    """What was cut is prepared, and by how much is said."""
    found = kept(CONFIGS / "cut.yml")
    cut = [row for row in found.rows if row.fate is Fate.TRUNCATED]

    assert [(row.row, row.tokens, row.kept) for row in cut] == [(1, 84, 24), (3, 45, 24)]


def test_texts_that_are_cut_into_rows(kept: Callable[[str | Path], Ledger]) -> None:
    """A long text is prepared as several rows, whole."""
    found = kept("completion")
    several = [row for row in found.rows if len(row.prepared) > 1]

    assert several
    assert all(row.fate is Fate.PREPARED and row.kept == row.tokens for row in several)


def test_slices_and_shards(kept: Callable[[str | Path], Ledger], worker: AxolotlWorker) -> None:
    """Only what axolotl's loader takes of the files is in the ledger."""
    found = kept(CONFIGS / "sliced.yml")

    assert [source.rows for source in found.info.sources] == [3, 2]
    assert found.agrees


def test_stale_folder(
    prepared: Callable[[str | Path], Path],
    project: Callable[..., Path],
    tmp_path: Path,
    worker: AxolotlWorker,
) -> None:
    """After the data changed, rows are missing and prepared ones come from nowhere."""
    data = tmp_path / "data.jsonl"
    lines = (ROOT / "fixtures/data/sharegpt.jsonl").read_text().splitlines()
    data.write_text("\n".join([*lines[1:], lines[0].replace("Olympus", "Etna")]) + "\n")
    config = project("sharegpt", ("fixtures/data/sharegpt.jsonl", str(data)))
    rows = TrainingRows(worker, config, tmp_path)

    found = ledger(rows, complete_folders(prepared("sharegpt"))[0])

    assert not found.agrees
    assert len(found.strangers) == 1
    assert fates(found)[-1] == ("missing", "stale")
    assert {fate for fate, _ in fates(found)[:-1]} == {"prepared"}


def test_before_anything_is_prepared(project: Callable[..., Path], worker: AxolotlWorker) -> None:
    """Without a prepared folder it says what axolotl would drop."""
    target = resolve(project("packed"))

    (found,) = ledgers(target, worker)

    assert found.ledger.dataset is None
    assert Counter(fate for fate, _ in fates(found.ledger)) == {"expected": 104, "dropped": 2}


def test_row_that_axolotl_fails_on(
    project: Callable[..., Path], tmp_path: Path, worker: AxolotlWorker
) -> None:
    """A row that stops the whole preprocessing is named, with axolotl's words."""
    data = tmp_path / "data.jsonl"
    shutil.copy(CONFIGS / "data" / "system_null.jsonl", data)
    config = project("sharegpt", ("fixtures/data/sharegpt.jsonl", str(data)))
    config.write_text(
        config.read_text()
        .replace("field_messages: conversations", "field_messages: messages")
        .replace("role: from", "role: role")
        .replace("content: value", "content: content")
    )

    found = ledger(TrainingRows(worker, config, tmp_path), None)

    assert fates(found) == [("expected", None), ("expected", None), ("failed", "error")]
    assert "NoneType" in found.rows[2].detail


def test_long_preferences_are_dropped(project: Callable[..., Path], worker: AxolotlWorker) -> None:
    """Preference rows are measured by axolotl's own rule, prompt and answer together."""
    config = project("dpo", ("sequence_len: 2048", "sequence_len: 60"))

    found = ledger(TrainingRows(worker, config, config.parent), None)

    assert found.reasons["too-long"] > 0
    assert "sequence_len 60" in next(row.detail for row in found.rows if row.reason)


def test_test_datasets_have_a_ledger_of_their_own(
    prepared: Callable[[str | Path], Path], worker: AxolotlWorker
) -> None:
    """Each split is held against the folder that bears its hash."""
    target = resolve(prepared("test-datasets").parent / "config.yml")

    found = list(ledgers(target, worker))

    assert [item.ledger.split for item in found] == ["train", "test"]
    assert all(item.ledger.agrees for item in found)
    folders = [item.ledger.dataset for item in found]
    assert [len(PreparedDataset.open(folder)) for folder in folders if folder] == [105, 10]


def test_lines_are_those_of_the_file(
    prepared: Callable[[str | Path], Path], worker: AxolotlWorker
) -> None:
    """Every row of the JSON names its line, and rows come in the file's order."""
    target = resolve(prepared("sharegpt").parent / "config.yml")

    (found,) = ledgers(target, worker)

    rows = found.to_json()["rows"]
    assert [row["line"] for row in rows] == list(range(1, len(rows) + 1))
    assert isinstance(found.ledger.rows[0], LedgerRow)
