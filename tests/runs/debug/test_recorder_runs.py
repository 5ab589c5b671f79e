"""Real runs, recorded: what compute_loss received, the loss of each token, and nothing changed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from tokenizers import Tokenizer

from inspect_tool.runs.batches import Batch, read_batches, read_notes
from inspect_tool.runs.journal import read_metrics
from inspect_tool.samples.prepared import PreparedDataset
from tests.axolotl_runs import RECIPES, ROOT
from tests.runs.debug.recordings import MASKED, RELABELLED, SURPRISING
from tests.runs.debug.sessions import Session, project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

RECORDER = "inspect_tool.runs.recorder.Recorder"
OURS = "tests.runs.debug.plugins"


class Recorded(NamedTuple):
    """A run that has ended, and its batches."""

    folder: Path
    batches: tuple[Batch, ...]

    def of(self, reason: str, phase: str = "train") -> list[Batch]:
        """Return the batches recorded for one reason."""
        return [b for b in self.batches if (b.reason, b.phase) == (reason, phase)]


def run(folder: Path, *options: object, plugins: str) -> Recorded:
    """Debug the fixtures' chats in ``folder`` without a debugger, with these plugins."""
    given = ("--no-debugger", "--quiet", "--set", f"plugins=[{plugins}]", *options)
    with Session(project(folder), *given) as session:
        assert session.wait() == 0, session.output
    return Recorded(session.folder, read_batches(session.folder))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Train on one thread: more of them wait for each other where cores are shared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


LEARNING = (
    *("--evaluate", "--rows", 6, "--steps", 80),
    *("--set", "learning_rate=0.01", "--set", "lr_scheduler=constant"),
)
"""Chats learnt by heart, so that a surprising batch has a loss that surprises."""


@pytest.fixture(scope="module")
def meddled(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Eighty steps of two chats each, with a collator that changes three batches."""
    plugins = f"{OURS}.MeddlingCollator, {RECORDER}"
    return run(tmp_path_factory.mktemp("meddled"), *LEARNING, plugins=plugins)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """One step of packed chats whose positions run on, with no attention chosen."""
    options = ("--steps", 1, "--set", "sample_packing=true", "--set", "attn_implementation=null")
    plugins = f"{OURS}.RunningPositions, {RECORDER}"
    return run(tmp_path_factory.mktemp("packed"), *options, plugins=plugins)


@pytest.fixture(scope="module")
def pairs() -> Iterator[Recorded]:
    """One step of DPO on a recipe, in a run folder of the repository's own."""
    name = "test-recorder-pairs"
    folder = ROOT / ".inspect" / "runs" / name
    shutil.rmtree(folder, ignore_errors=True)
    options = ("--no-debugger", "--quiet", "--steps", 1, "--name", name, "--cwd", ROOT)
    try:
        with Session(RECIPES / "dpo.yml", *options) as session:
            assert session.wait() == 0, session.output
        yield Recorded(folder, read_batches(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_first_batches(meddled: Recorded) -> None:
    """The first four of training and two of evaluation are kept, each in its place."""
    trained = [(batch.step, batch.micro_batch) for batch in meddled.of("first")]
    evaluated = [(batch.step, batch.micro_batch) for batch in meddled.of("first", "eval")]

    assert trained == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert evaluated == [(0, 0), (2, 0)]
    assert read_notes(meddled.folder) == ()


def test_the_loss_is_the_trainer_s(meddled: Recorded) -> None:
    """A batch's loss is the one that was logged for its step."""
    logged = {line["step"]: line["loss"] for line in read_metrics(meddled.folder) if "loss" in line}

    assert [logged[batch.step] for batch in meddled.of("first")] == [
        batch.loss for batch in meddled.of("first")
    ]


def test_the_loss_of_each_token(meddled: Recorded) -> None:
    """Every trained token has one, no other has, and their mean is the loss of the batch."""
    for batch in (*meddled.of("first"), *meddled.of("outlier"), *meddled.of("first", "eval")):
        losses, labels = batch.token_loss, batch.labels
        assert losses is not None
        assert labels is not None
        trained = labels != -100
        trained[:, 0] = False

        assert np.array_equal(~np.isnan(losses), trained)
        assert float(losses[trained].mean()) == pytest.approx(batch.loss, rel=1e-5)
        assert batch.mean_token_loss == pytest.approx(batch.loss, rel=1e-5)


def test_the_samples_are_found(meddled: Recorded) -> None:
    """Every row is one sample of the prepared dataset, then padding."""
    for batch in meddled.batches:
        for row in batch.parts(batch.sequences[0]):
            assert row[0].rows, str(row[0])
            assert all(part.padding for part in row[1:])


def test_nothing_is_changed(meddled: Recorded, tmp_path: Path) -> None:
    """Without recording, the losses and the trained weights are the same to the last bit."""
    plugins = f"{OURS}.MeddlingCollator, {OURS}.MetricsAlone"
    without = run(tmp_path, *LEARNING, plugins=plugins)
    weights = [(r.folder / "out" / "model.safetensors").read_bytes() for r in (meddled, without)]
    numbers = [
        [(s["step"], s.get("loss"), s.get("grad_norm"), s.get("eval_loss")) for s in steps]
        for steps in (read_metrics(meddled.folder), read_metrics(without.folder))
    ]

    assert without.batches == ()
    assert numbers[0] == numbers[1]
    assert weights[0] == weights[1]


def test_labels_that_the_collator_changed(meddled: Recorded) -> None:
    """A collator that rebuilds labels trains the prompt: a finding, in that batch alone."""
    found = {b.step: [f.code for f in b.findings] for b in meddled.of("first")}
    changed = next(b for b in meddled.of("first") if b.step == RELABELLED)

    assert found == {1: [], RELABELLED: ["R-BATCH-LABELS"], 3: [], 4: []}
    assert changed.findings[0].message.endswith("prepared as masked")


def test_an_outlier(meddled: Recorded) -> None:
    """A batch with a surprising loss is kept, with what was usual, and why it surprised."""
    outlier = next(batch for batch in meddled.of("outlier") if batch.step == SURPRISING)

    assert outlier.usual_loss is not None
    assert outlier.loss > 2 * outlier.usual_loss
    assert "R-BATCH-LABELS" in [finding.code for finding in outlier.findings]


def test_a_loss_that_is_not_finite(meddled: Recorded) -> None:
    """The batch with a loss of nan is kept and says why, though the trainer logged a 0."""
    (kept,) = meddled.of("non-finite loss")
    logged = next(s["loss"] for s in read_metrics(meddled.folder) if s["step"] == MASKED)

    assert (kept.step, str(kept.loss), logged) == (MASKED, "nan", 0.0)
    assert "R-BATCH-UNTRAINED" in [finding.code for finding in kept.findings]


def test_packed_samples(packed: Recorded) -> None:
    """Packed rows come apart into prepared rows; their positions and their attention are judged."""
    batch = packed.of("first")[0]
    parts = [part for row in batch.parts(batch.sequences[0]) for part in row if not part.padding]
    codes = {finding.code for finding in batch.findings}

    assert len(parts) > len(batch.sequences[0].ids)
    assert all(part.rows for part in parts)
    assert codes == {"R-BATCH-POSITIONS", "R-BATCH-LEAK"}


def test_preference_pairs(pairs: Recorded) -> None:
    """Preference batches keep their own tensors, and say why no token has a loss."""
    batch = pairs.of("first")[0]

    assert {"input_ids", "attention_mask", "completion_mask"} <= set(batch.tensors)
    assert batch.row_names == ("chosen", "chosen", "rejected", "rejected")
    assert batch.token_loss is None
    assert batch.token_loss_missing.startswith("dpo: ")


def test_the_rows_of_preference_pairs(pairs: Recorded) -> None:
    """Both halves of a pair lead to one prepared row, whose text it is."""
    batch = pairs.of("first")[0]
    chosen, other, rejected, another = (
        part for row in batch.parts(batch.sequences[0]) for part in row if not part.padding
    )

    assert (chosen.sequence, rejected.sequence) == ("chosen", "rejected")
    assert (chosen.rows, other.rows) == (rejected.rows, another.rows)
    assert chosen.dataset is not None
    block, at = PreparedDataset.open(chosen.dataset).block_of(chosen.rows[0])
    stored = block.column("chosen")[at].as_py()
    vocabulary = Tokenizer.from_file(str(ROOT / "fixtures/built/chatml-bpe/tokenizer.json"))
    ids = batch.sequences[0].ids[0, : len(chosen)].tolist()
    assert stored.decode() in vocabulary.decode(ids, skip_special_tokens=False)
