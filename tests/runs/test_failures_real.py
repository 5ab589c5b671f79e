"""Each known failure against the real axolotl: provoked, and explained from what it printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.config import Config
from inspect_tool.runs.failures.explain import explain, explain_end
from inspect_tool.runs.journal import LOG, RUN_KEY
from tests.runs.failing import ENDING, PREPARING, TRAINING, Case, write

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.runs.failures.failure import Failure
    from tests.axolotl_runs import AxolotlRuns

pytestmark = pytest.mark.slow

FAILING = {"preprocess": PREPARING, "train": TRAINING}
CASES = [
    pytest.param(stage, case, id=name)
    for stage, cases in FAILING.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize(("stage", "case"), CASES)
def test_a_failure_is_explained(
    axolotl_runs: AxolotlRuns, tmp_path: Path, stage: str, case: Case
) -> None:
    """The log of a run that failed gives the code, the key and its line, and the traceback."""
    config = write(case, tmp_path)

    status = axolotl_runs.run(config, tmp_path / LOG, stage=stage)

    log = (tmp_path / LOG).read_text("utf-8")
    failure = explain(tmp_path / LOG, config=Config.read(config), exit_status=status)
    assert status != 0, log[-2000:]
    assert failure is not None
    assert (failure.code, failure.key) == (case.code, case.key), log[-2000:]
    assert_shown(failure, log, config)
    assert failure.frames
    assert failure.traceback.startswith("Traceback")


@pytest.mark.parametrize("case", ENDING.values(), ids=list(ENDING))
def test_a_run_that_ends_well_and_is_not(
    axolotl_runs: AxolotlRuns, tmp_path: Path, case: Case
) -> None:
    """Axolotl's exit status is 0, and the recorded metrics or the log say what is wrong."""
    config = write(case, tmp_path)
    values = config.read_text("utf-8")
    if "plugins:" not in values:
        config.write_text(f"{values}plugins: [inspect_tool.runs.recorder.Recorder]\n", "utf-8")
    environment = {RUN_KEY: str(tmp_path)}

    status = axolotl_runs.run(config, tmp_path / LOG, stage="train", environment=environment)

    trains = "nosuch" not in values
    failure = explain_end(tmp_path, status, trains=trains, config=Config.read(config))
    assert status == 0
    assert failure is not None
    assert (failure.code, failure.key) == (case.code, case.key)


def assert_shown(failure: Failure, log: str, config: Path) -> None:
    """Check that the evidence is that line of the log, and the place that line of the config."""
    assert failure.log_line is not None
    line = log.splitlines()[failure.log_line - 1]
    assert failure.evidence[:100] in line
    if failure.key is not None:
        file, _, number = str(failure.place).rpartition(":")
        written = config.read_text("utf-8").splitlines()[int(number) - 1]
        assert file == str(config)
        assert any(f"{part}:" in written or written.startswith("- ") for part in _parts(failure))


def _parts(failure: Failure) -> list[str]:
    return str(failure.key).split(".")
