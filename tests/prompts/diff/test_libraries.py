"""Saved tokenizers, other stops, and two prepared folders of one config."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fixtures.places import CHATML, LLAMA3, MISTRAL
from inspect_tool.prompts.diff.versions import Made, compare_versions
from inspect_tool.prompts.inference.specs import Options
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import save, supervised
from tests.prompts.diff.rows import CHAT, CHAT_TYPE, EOT, PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.prompts.diff.results import DiffReport
    from tests.prompts.diff.bench import Bench


@pytest.fixture
def chatml_config(bench: Bench) -> Path:
    """A ChatML config of two conversations."""
    return bench.config(CHATML, CHAT, dataset=CHAT_TYPE, settings={"chat_template": "chatml"})


def saved(bench: Bench, model: Path) -> Path:
    """Copy a tokenizer to `out`, as training saves it."""
    folder = bench.folder / "out"
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    return folder


@pytest.mark.slow
def test_a_saved_tokenizer_agrees(bench: Bench, chatml_config: Path) -> None:
    """The tokenizer that training saved gives the prompts that training saw."""
    saved(bench, CHATML)

    assert not bench.report(chatml_config, "saved:out").differs


@pytest.mark.slow
def test_a_saved_tokenizer_that_splits_otherwise(bench: Bench, chatml_config: Path) -> None:
    """The same text with other ids is the library's doing, and is shown as the same text."""
    folder = saved(bench, CHATML)
    spec = json.loads((folder / "tokenizer.json").read_text())
    spec["model"]["merges"] = spec["model"]["merges"][:40]
    (folder / "tokenizer.json").write_text(json.dumps(spec))

    report = bench.report(chatml_config, "saved:out")

    assert set(report.summaries[0].causes) == {"D-LIBVERSION"}
    assert all(item.same_text for found in report.comparisons for item in found.differences)


@pytest.mark.slow
def test_a_saved_template_that_is_another(bench: Bench, chatml_config: Path) -> None:
    """A template edited after training is named."""
    folder = saved(bench, CHATML)
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text("Hi!\n" + template)

    report = bench.report(chatml_config, "saved:out")

    assert set(report.summaries[0].causes) == {"D-TEMPLATE"}


@pytest.mark.slow
def test_the_saved_generation_config_says_what_stops(bench: Bench) -> None:
    """The stops are those of the folder that is served."""
    config = bench.config(
        LLAMA3, PLAIN, dataset=CHAT_TYPE, settings={"chat_template": "llama3", **EOT}
    )
    folder = saved(bench, LLAMA3)
    written = json.loads((folder / "generation_config.json").read_text())
    eot = Vocabulary.load(LLAMA3).pieces.index("<|eot_id|>")
    (folder / "generation_config.json").write_text(json.dumps({**written, "eos_token_id": [eot]}))

    with_base, with_saved = bench.report(config, "chat-template", "saved:out").summaries

    assert with_base.causes == {"D-STOPSET": 1}
    assert with_saved.causes == {}


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["<|eot_id|>", "2505"])
def test_a_stop_of_the_servers_own(bench: Bench, stop: str) -> None:
    """--stop names what a server stops on besides, by token or id."""
    eot = Vocabulary.load(LLAMA3).pieces.index("<|eot_id|>")
    given = stop if stop.startswith("<") else str(eot)
    config = bench.config(
        LLAMA3, PLAIN, dataset=CHAT_TYPE, settings={"chat_template": "llama3", **EOT}
    )

    report = bench.report(config, "chat-template", options=Options(stops=(given,)))

    assert not report.differs
    assert eot in report.comparisons[0].stop.stop_ids


PAIR_IDS = [[1, 22557, 456, 349, 264, 1369, 2], [1, 315, 837, 2]]
PAIR_LABELS = [[-100, -100, -100, 349, 264, 1369, 2], [-100, -100, 837, 2]]


def pair(
    tmp_path: Path,
    ids: list[list[int]],
    labels: list[list[int]],
    made: Made | None = None,
) -> DiffReport:
    """Compare the two rows above with others."""
    folders = (tmp_path / "before", tmp_path / "after")
    for folder, rows, kept in zip(folders, (PAIR_IDS, ids), (PAIR_LABELS, labels), strict=True):
        save(folder, supervised(list(zip(rows, kept, strict=True))))
    before, after = (PreparedDataset.open(folder) for folder in folders)
    return compare_versions(before, after, Vocabulary.load(MISTRAL), paths=folders, made=made)


def test_a_pair_that_is_the_same(tmp_path: Path, mistral_dir: Path) -> None:
    """The same rows in another order are the same."""
    report = pair(tmp_path, PAIR_IDS[::-1], PAIR_LABELS[::-1])

    assert not report.differs
    assert report.summaries[0].samples == 2


def test_a_mask_that_changed(tmp_path: Path, mistral_dir: Path) -> None:
    """Tokens that are masked now are shown with their text, by the row they were in."""
    labels = [[*PAIR_LABELS[0][:3], -100, *PAIR_LABELS[0][4:]], PAIR_LABELS[1]]

    report = pair(tmp_path, PAIR_IDS, labels)

    (found,) = report.comparisons[0].differences
    assert found.cause == "D-LIBVERSION"
    assert "“·is” is trained before, masked now" in found.message
    assert report.comparisons[1].equal


def test_tokens_that_changed(tmp_path: Path, mistral_dir: Path) -> None:
    """Rows with other tokens are held against each other."""
    report = pair(
        tmp_path, [[1, 22557, 349, 264, 1369, 2], PAIR_IDS[1]], [PAIR_LABELS[0][1:], PAIR_LABELS[1]]
    )

    (found,) = report.comparisons[0].differences
    assert "“·this” became nothing" in found.message


def test_rows_without_a_counterpart(tmp_path: Path, mistral_dir: Path) -> None:
    """Rows that only one of the folders has are named."""
    report = pair(tmp_path, PAIR_IDS[:1], PAIR_LABELS[:1])

    assert [item.row for item in report.failures] == [1]
    assert report.differs
    assert np.all([item.equal for item in report.comparisons])


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (Made(versions=('axolotl was "0.18.0", is "0.19.0"',)), "D-LIBVERSION"),
        (Made(config=('datasets.0.train_on_eos was "turn", is "all"',)), "D-CONFIG"),
    ],
)
def test_what_was_written_down_names_the_cause(
    tmp_path: Path, mistral_dir: Path, made: Made, cause: str
) -> None:
    """Folders of one version and two configs differ by the config, and what changed is told."""
    labels = [[*PAIR_LABELS[0][:3], -100, *PAIR_LABELS[0][4:]], PAIR_LABELS[1]]

    report = pair(tmp_path, PAIR_IDS, labels, made)

    assert report.comparisons[0].causes == (cause,)
    assert report.notes == ("the mask of 1 rows changed, their tokens did not", *made.notes)
