"""What stands between a trainer and its compute_loss: one call, its own result, whatever fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.runs.batch_checks import CODES
from inspect_tool.runs.batches import read_batches, read_notes
from inspect_tool.runs.recording.capture import Capture
from inspect_tool.runs.recording.facts import Facts
from inspect_tool.runs.recording.files import MOST_OF_A_REASON, BatchFiles
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCS = (ROOT / "docs" / "debug.md").read_text(encoding="utf-8")
MODEL = SimpleNamespace(training=True)


class Trainer:
    """A trainer of nothing: hands back what it was given, or raises."""

    def __init__(self) -> None:
        self.state = SimpleNamespace(global_step=0)
        self.calls: list[Any] = []
        self.error: Exception | None = None

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Remember the call."""
        self.calls.append((model, inputs, args, kwargs))
        if self.error is not None:
            raise self.error
        return None


class Odd(dict[str, Any]):
    """Inputs that nobody can look at."""

    def items(self) -> Any:
        """Fail as no trainer's inputs should."""
        raise TypeError("not to be looked at")


def recorded(folder: Path) -> Trainer:
    """Return a trainer whose batches are recorded in ``folder``."""
    trainer = Trainer()
    Capture(trainer, BatchFiles(folder), Facts(no_token_loss="it has none")).install()
    return trainer


def test_a_fault_in_watching(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said once, and the trainer goes on with its own calls."""
    trainer, inputs = recorded(tmp_path), Odd()

    for _ in range(2):
        trainer.compute_loss(MODEL, inputs, 7, num_items_in_batch=3)

    assert trainer.calls == [(MODEL, inputs, (7,), {"num_items_in_batch": 3})] * 2
    assert read_notes(tmp_path) == (
        "no more batches are recorded (TypeError: not to be looked at)",
    )
    assert capsys.readouterr().err.count("\n") == 1


def test_a_disk_that_is_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A batch that cannot be written ends the recording, not the run."""
    (tmp_path / "batches").write_text("in the way")
    trainer = recorded(tmp_path)
    trainer.error = ValueError("a bad batch")

    with pytest.raises(ValueError, match="a bad batch"):
        trainer.compute_loss(MODEL, {})
    assert read_batches(tmp_path) == ()
    assert "no more batches are recorded" in capsys.readouterr().err


def test_a_batch_that_raises(tmp_path: Path) -> None:
    """The trainer's error comes through, and the batch that caused it is kept."""
    trainer = recorded(tmp_path)
    trainer.error = IndexError("index out of range")

    with pytest.raises(IndexError):
        trainer.compute_loss(MODEL, {})
    (batch,) = read_batches(tmp_path)
    assert (batch.reason, batch.step, batch.token_loss_missing) == ("error", 1, "it has none")


def test_the_documented_codes() -> None:
    """docs/debug.md has a row for each code, and for no other."""
    rows = [line.split("|")[1].strip() for line in DOCS.splitlines() if line.startswith("| R-")]

    assert tuple(rows) == CODES


def test_the_documented_reasons() -> None:
    """docs/debug.md has a row for each reason."""
    for _, reason in MOST_OF_A_REASON:
        assert f"| `{reason}` |" in DOCS
