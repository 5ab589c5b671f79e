"""Prepared rows go back to the raw rows they were made of, by content."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.errors import InspectError
from inspect_tool.explaining import Explaining, explain_raw
from inspect_tool.opened import open_path
from inspect_tool.prompts.origin import OriginIndex, digest_of, origin_of, why
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.runs.target import resolve
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from tests.prompts.conftest import Case

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "name", ["merged", "completion", "reward-model", "dpo", "grpo", "kto", "pretokenized", "types"]
)
def test_every_prepared_row_has_its_origin(name: str, case: Callable[[str], Case]) -> None:
    """Through shuffle and merge, for tokens and for text: rendered again, the origin is the row."""
    made = case(name)
    dataset = made.dataset()
    for sample in dataset.samples():
        origin = origin_of(sample, made.rows)

        assert origin is not None
        assert origin.how == "same"
        chunk = made.rows.chunk(origin.source, origin.row, origin.row + 1)
        assert chunk.digests[origin.part].tobytes() == digest_of(sample)


def test_index_agrees_with_the_search(case: Callable[[str], Case]) -> None:
    """One pass over all raw rows gives the origins that looking for each gives."""
    made = case("merged")
    index = OriginIndex(made.rows)

    for sample in made.dataset().samples():
        assert index.of(sample) == origin_of(sample, made.rows)


def test_twins_are_counted(case: Callable[[str], Case]) -> None:
    """Of raw rows that are alike the first is named, and the others are counted."""
    made = case("chat-chatml")
    origins = [origin_of(sample, made.rows) for sample in made.dataset().samples()]
    twice = [origin for origin in origins if origin is not None and origin.twins]

    assert len(twice) == 2
    assert twice[0] == twice[1]


def test_cut_rows(case: Callable[[str], Case], worker: AxolotlWorker) -> None:
    """A truncated row is found by its beginning, and how long it was is known."""
    made = case("cut")
    opened = open_path(made.config)
    explaining = Explaining(opened, worker)

    found = [explaining.sample(row) for row in range(len(opened.dataset))]

    lengths = {why.origin.row: why.rendered for why in found if why.origin and why.rendered > 24}
    assert lengths == {1: 84, 3: 45}
    assert {why.origin.how for why in found if why.rendered > 24 and why.origin} == {"cut"}
    assert all(len(why.explained[0]) == len(why.sample.sequences[0]) for why in found)


def test_rows_whose_labels_changed(
    project: Callable[..., Path], case: Callable[[str], Case], worker: AxolotlWorker
) -> None:
    """Under another setting the tokens are found, and where labels differ the rule is `stale`."""
    made = case("sharegpt")
    config = project(
        "sharegpt", ("type: chat_template", "type: chat_template\n    train_on_eos: none")
    )
    rows = TrainingRows(worker, config, ROOT)
    sample = made.dataset().sample(0)

    origin = origin_of(sample, rows)

    assert origin is not None
    assert origin.how == "relabelled"
    found = why(sample, rows, origin)
    stale = [item for item in found.explained[0].stretches() if item.reason.rule.name == "stale"]
    ids = {int(found.explained[0].ids[item.start]) for item in stale}
    assert ids == {made.vocabulary.roles["eos"]}
    np.testing.assert_array_equal(found.explained[0].labels, sample.sequences[0].labels)


def test_nothing_is_claimed_for_strangers(case: Callable[[str], Case]) -> None:
    """A row that no raw row renders to has no origin; every raw row was rendered to know it."""
    made = case("alpaca")
    sample = made.dataset().sample(0)
    (sequence,) = sample.sequences
    other = replace(sample, sequences=(replace(sequence, ids=sequence.ids[::-1].copy()),))
    progress: list[tuple[int, int]] = []

    found = origin_of(other, made.rows, progress=lambda done, total: progress.append((done, total)))

    assert found is None
    assert progress[-1] == (26, 26)


def test_the_config_that_made_a_folder_is_asked(
    case: Callable[[str], Case], worker: AxolotlWorker
) -> None:
    """A folder of test rows is explained by test_datasets, as axolotl's hash says."""
    made = case("test-datasets")
    splits = {}
    for folder in made.folders:
        opened = open_path(folder, config=made.config)
        explaining = Explaining(opened, worker)
        found = explaining.sample(0)
        assert found.origin is not None
        splits[explaining.rows.request.split] = found.origin.entry

    assert splits == {"train": "datasets.0", "test": "test_datasets.0"}


def test_without_a_config(case: Callable[[str], Case], tmp_path: Path) -> None:
    """A folder that no config leads to is not explained by guesses."""
    folder = tmp_path / "rows"
    shutil.copytree(case("alpaca").folders[0], folder)
    opened = open_path(folder)
    assert opened.target.config is None

    with pytest.raises(InspectError, match="--config"):
        Explaining(opened, None).sample(0)  # type: ignore[arg-type]


def test_raw_rows_need_no_prepared_folder(
    project: Callable[..., Path], worker: AxolotlWorker
) -> None:
    """What axolotl would make of a raw row is explained before anything is prepared."""
    target = resolve(project("completion"))

    made = [explain_raw(target, worker, source=0, row=row)[1] for row in range(10)]

    several = next(samples for samples in made if len(samples) > 1)
    assert [why.origin.part for why in several if why.origin] == list(range(len(several)))


@pytest.mark.parametrize(("source", "row", "fix"), [(1, 0, "0 to 0"), (0, 26, "0 to 25")])
def test_raw_rows_that_are_not_there(
    source: int, row: int, fix: str, project: Callable[..., Path], worker: AxolotlWorker
) -> None:
    """The error says which there are."""
    target = resolve(project("alpaca"))

    with pytest.raises(InspectError, match=fix):
        explain_raw(target, worker, source=source, row=row)
