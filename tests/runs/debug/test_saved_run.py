"""Which runs can be asked for what they learned, and what is said of the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inspect_tool.__main__ import main
from inspect_tool.errors import InspectError
from inspect_tool.runs.journal import State, make_folder
from inspect_tool.runs.sanity.saved_run import SavedRun

if TYPE_CHECKING:
    from pathlib import Path


YAML = "base_model: base\ndatasets: [{path: rows.jsonl, type: alpaca}]\n"


def run_folder(
    folder: Path, *, loss: object = 0.01, state: State = State.FINISHED, more: str = ""
) -> Path:
    """Write a run's folder as a run does, with a saved adapter."""
    journal = make_folder(folder)
    plan = {"launch": {"cwd": str(folder.parent), "env": {"CUDA_VISIBLE_DEVICES": ""}}}
    journal.write("plan.json", json.dumps(plan))
    journal.write("config.yml", f"{YAML}output_dir: {folder / 'out'}\n{more}")
    if loss != "none":
        journal.write("metrics.jsonl", f'{{"step": 1, "loss": 9}}\n{json.dumps({"loss": loss})}\n')
    (folder / "out").mkdir()
    (folder / "out" / "adapter_config.json").write_text("{}")
    journal.finish(state, message="out of memory" if state is State.FAILED else "", exit_status=0)
    return folder


def test_a_run_that_memorised(tmp_path: Path) -> None:
    """Its adapter, its last loss and the devices that it saw are known."""
    run = SavedRun.read(run_folder(tmp_path / "run"))

    assert (run.adapter, run.loss, run.visible) == (True, 0.01, "")
    assert run.out == tmp_path / "run" / "out"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"loss": 2.1}, "final loss 2.1: the run did not memorise, so nothing can be said"),
        ({"loss": None}, "final loss not finite"),
        ({"loss": "none"}, "no step is recorded"),
        ({"state": State.FAILED}, "the run is failed: out of memory"),
        ({"more": "rl: dpo\n"}, "rl: preferences and scores have no one answer"),
    ],
    ids=["not memorised", "nan", "no steps", "failed", "preferences"],
)
def test_runs_that_tell_nothing(
    tmp_path: Path, written: dict[str, object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is refused in one line with status 2, before anything heavy starts."""
    folder = run_folder(tmp_path / "run", **written)  # type: ignore[arg-type]

    assert main(["sanity", str(folder)]) == 2
    assert said in capsys.readouterr().err


def test_a_run_without_a_model(tmp_path: Path) -> None:
    """Preprocessing alone saves none."""
    folder = run_folder(tmp_path / "run")
    (folder / "out" / "adapter_config.json").unlink()

    with pytest.raises(InspectError, match="no model is saved there"):
        SavedRun.read(folder)


def test_what_is_no_run(tmp_path: Path) -> None:
    """The folder above runs is met with the name of the latest; others with how to make one."""
    run_folder(tmp_path / "runs" / "a-1")

    with pytest.raises(InspectError, match=r"the latest in it is .*a-1"):
        SavedRun.read(tmp_path / "runs")
    with pytest.raises(InspectError, match=r"its run is .*a-1"):
        SavedRun.read(tmp_path / "runs" / "a-1" / "out")
    with pytest.raises(InspectError, match="--memorize 4"):
        SavedRun.read(tmp_path)
    with pytest.raises(InspectError, match="no such folder"):
        SavedRun.read(tmp_path / "nowhere")
