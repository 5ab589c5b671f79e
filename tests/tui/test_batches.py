"""Recorded batches as rows to look at: samples, padding, labels and heat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.runs.batches import read_batches
from inspect_tool.runs.recording.files import BatchFiles
from inspect_tool.tui.batches import BatchRow, BatchRows, heat_levels, rows_of
from inspect_tool.tui.widgets.batch_view import legend
from inspect_tool.tui.widgets.token_paint import HOTTEST, NOT_FINITE
from tests.tui.run_folders import RunFolder, make_run

if TYPE_CHECKING:
    from pathlib import Path

TWO = (("What is it?", "A recipe."), ("And 1 + 2?", "It is 3, of course."))


@pytest.fixture
def run(tmp_path: Path, chatml_dir: Path) -> RunFolder:
    """A run without a batch yet."""
    return make_run(tmp_path, chatml_dir)


def last(run: RunFolder) -> BatchRows:
    """Read the last batch."""
    return rows_of(read_batches(run.folder)[-1])


def loss_fact(row: BatchRow, index: int) -> str:
    """Return what is said of a token's loss."""
    return next(fact.value for fact in row.facts(index) if fact.label == "loss")


def test_where_samples_end(run: RunFolder) -> None:
    """The last token of each says which it was and what comes after it."""
    run.batch(1, TWO, (TWO[1], *TWO))
    row = last(run).rows[0]
    said = list(row.labels.ends.values())

    assert said == [
        " ┃ sample 1 of 2; positions restart",
        f" ┃ sample 2 of 2; padding follows, {len(row.labels) - row.tokens}",
    ]


def test_padding_is_no_token(run: RunFolder) -> None:
    """A row's tokens are counted without it."""
    run.batch(1, TWO[:1], TWO)
    short, long = last(run).rows

    assert short.tokens < long.tokens == len(long.labels)
    assert short.labels.padding is not None
    assert short.labels.padding[short.tokens :].all()


def test_the_loss_of_each_token(run: RunFolder) -> None:
    """Trained tokens have one, masked ones none."""
    run.batch(1, TWO, loss=[0.5])
    row = last(run).rows[0]
    first = int(row.labels.span_starts[1])

    assert loss_fact(row, first) == "0.5000 nats, probability 0.61"
    assert loss_fact(row, 0) == "none, not predicted"


def test_a_loss_that_is_no_number(run: RunFolder) -> None:
    """It has words and a look of its own, in the legend too."""
    run.batch(1, TWO, loss=[math.nan, 1.0])
    row = last(run).rows[0]
    first = int(row.labels.span_starts[1])

    assert loss_fact(row, first) == "not finite"
    assert row.heat is not None
    assert row.heat.heat is not None
    assert row.heat.heat[first] == NOT_FINITE
    assert "not finite" in dict(legend(row, heat=True)).values()


def test_no_loss_of_tokens(run: RunFolder) -> None:
    """The reason stands in the inspector and, where heat is asked for, in the legend."""
    run.batch(1, TWO, per_token=False)
    row = last(run).rows[0]

    assert row.heat is None
    assert loss_fact(row, 3) == "the loss is fused with the head"
    assert any("fused" in words for _, words in legend(row, heat=True))


def test_levels_of_heat() -> None:
    """Equal steps from the lowest loss to the highest; none where there is none."""
    loss = np.array([np.nan, 0.0, 2.9, 6.0, np.inf], np.float32)
    asked = np.array([False, True, True, True, True])

    levels = heat_levels(loss, asked, (0.0, 6.0)).tolist()
    assert levels == [0, 1, 3, HOTTEST, NOT_FINITE]


def test_equal_losses_have_one_level() -> None:
    """A batch whose tokens all cost the same divides nothing by nothing."""
    loss = np.full(3, 2.0, np.float32)

    assert heat_levels(loss, np.ones(3, np.bool_), (2.0, 2.0)).tolist() == [1, 1, 1]


def test_a_damaged_batch(run: RunFolder) -> None:
    """It has no rows, and says why."""
    run.batch(1, TWO)
    next((run.folder / "batches").glob("*.npz")).write_bytes(b"PK")
    found = last(run)

    assert not found.rows
    assert "cannot be read" in str(found.problem)


def test_ids_that_are_no_numbers(run: RunFolder) -> None:
    """A tensor of fractions under the name of ids has no tokens to show."""
    line = {"step": 1, "micro_batch": 0, "phase": "train", "reason": "first", "loss": 1.0}
    BatchFiles(run.folder).add(line, {"input_ids": np.full((1, 4), 0.5)})

    assert last(run).rows == ()


def test_a_line_that_lies(run: RunFolder) -> None:
    """A batch that names an impossible folder is one that cannot be read."""
    run.batch(1, TWO, prepared="a\0b")

    assert "cannot be read" in str(last(run).problem)
