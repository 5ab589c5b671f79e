"""How a rehearsal is told: a run that fails or hangs, files that were cut off, text, and docs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import inspect_tool.scale.rehearsal
from inspect_tool.report.look import Look
from inspect_tool.report.rehearsal_text import rehearsal_text
from inspect_tool.runs.clean import clean_runs
from inspect_tool.runs.journal import State, make_folder
from inspect_tool.scale.rehearsal import ends
from inspect_tool.scale.rehearsal.facts import Rank, file_of, read_ranks
from inspect_tool.scale.rehearsal.rehearse import Rehearsal, judge, write_inputs
from inspect_tool.scale.rehearsal.run import Outcome
from tests.axolotl_runs import ROOT
from tests.scale.rehearsals import RECORDING, planned

if TYPE_CHECKING:
    from inspect_tool.scale.rehearsal.plan import RehearsalPlan

TORCHRUN = """
[rank0]: Traceback (most recent call last):
[rank0]:   File "/x/trainer.py", line 1, in step
[rank0]:     boom()
[rank0]: RuntimeError: Connection closed by peer
[rank1]: Traceback (most recent call last):
[rank1]:   File "/x/mine.py", line 3, in step
[rank1]:     boom()
[rank1]: ValueError: the third batch is empty
W1121 torch/distributed/elastic] Sending process 12 closing signal SIGTERM
Traceback (most recent call last):
  File "/x/run.py", line 1, in main
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
Root Cause (first observed failure):
[0]:
  time      : 2026-11-21_04:03:50
  host      : localhost
  rank      : 1 (local_rank: 1)
  exitcode  : {status} (pid: 1424)
============================================================
"""
"""The end of a log as torchrun writes it."""


@pytest.fixture
def plan(tmp_path: Path) -> RehearsalPlan:
    """A plan, and the folder of its run on many with nothing in it."""
    made = planned(tmp_path)
    made.many.folder.mkdir(parents=True)
    return made


@pytest.fixture(scope="module")
def many() -> tuple[Rank, ...]:
    """Two ranks that trained, as recorded."""
    return read_ranks(RECORDING / "many")


def both(plan: RehearsalPlan, ranks: tuple[Rank, ...], **ended: int) -> Rehearsal:
    """Judge a plan by the recorded run on one process and these ranks."""
    one = Outcome(plan.one, read_ranks(RECORDING / "one"), 0)
    return judge(plan, (one, Outcome(plan.many, ranks, ended.get("status", 0))))


def cut_off(rank: Rank, steps: int) -> Rank:
    """Return a rank that ended after so many steps."""
    return replace(rank, steps=rank.steps[:steps], ended=False, weights=None)


def test_the_rank_that_failed_first_has_the_word(
    plan: RehearsalPlan, many: tuple[Rank, ...]
) -> None:
    """Not the ones that lost their connection to it, nor torchrun."""
    (plan.many.folder / "log.txt").write_text(TORCHRUN.format(status=1))
    outcome = Outcome(plan.many, tuple(cut_off(rank, 2) for rank in many), 1)
    (finding,) = ends.find(outcome)

    assert finding.message == (
        "the run on 2 failed after step 2: rank 1 ended first: ValueError: the third batch is empty"
    )


def test_a_signal_is_named(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """A rank that was killed left no word; the signal says how it ended."""
    (plan.many.folder / "log.txt").write_text(TORCHRUN.format(status=-9))
    (finding,) = ends.find(Outcome(plan.many, tuple(cut_off(r, 0) for r in many), 1))

    assert finding.message.endswith("before the first step: rank 1 was ended first, by SIGKILL")


def test_a_run_without_a_word(plan: RehearsalPlan) -> None:
    """A run without a log and without ranks is said to have failed all the same."""
    (finding,) = ends.find(Outcome(plan.many, (), 1))

    assert (finding.code, "before the first step" in finding.message) == ("R-RUN-FAILED", True)


def test_saving_that_fails(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """A run that trained and then failed is told from one that did not train."""
    (plan.many.folder / "log.txt").write_text(TORCHRUN.format(status=-11))
    (finding,) = ends.find(Outcome(plan.many, many, 1))

    assert finding.message == (
        "the run on 2 trained and then failed to save: rank 1 was ended first, by SIGSEGV"
    )


def test_saving_that_hangs(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """A run that trained and then hung is a warning: what was asked is known."""
    found = ends.find(Outcome(plan.many, many, -9, stuck=True))

    assert [(f.code, f.severity) for f in found] == [("R-SAVE-HUNG", "warning")]


def test_ranks_that_came_no_further(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """Of a run that hangs the ranks behind the others are named."""
    ranks = (cut_off(many[0], 2), cut_off(many[1], 1))
    (finding,) = ends.find(Outcome(plan.many, ranks, -9, stuck=True))

    assert finding.code == "R-HUNG"
    assert "after step 1 and was ended; rank 1 came no further" in finding.message


def test_a_failed_run_is_no_agreement(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """What was not compared does not agree."""
    found = both(plan, tuple(cut_off(rank, 1) for rank in many), status=1)

    assert (found.agree, found.failed) == (False, True)


def test_a_missing_process_is_no_failure(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """One process that trained to its end where two were asked for: the launcher ended with 0."""
    found = both(plan, many[:1])

    assert (found.failed, [f.code for f in found.findings]) == (False, ["R-WORLD"])


def test_numbers_that_are_not_finite_are_null(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """JSON knows no NaN."""
    steps = (replace(many[0].steps[0], loss=float("nan")), *many[0].steps[1:])
    answer = both(plan, (replace(many[0], steps=steps), many[1])).to_json()

    assert json.loads(json.dumps(answer, allow_nan=False))["steps"][0]["many"]["loss"] is None


def test_a_line_that_was_cut_off(tmp_path: Path) -> None:
    """A rank that was killed while it wrote keeps what it had written."""
    whole = file_of(RECORDING / "many", 1).read_text("utf-8")
    file_of(tmp_path, 1).write_text(whole[: whole.rindex('"step": 3') + 20], "utf-8")
    (rank,) = read_ranks(tmp_path)

    assert ([step.step for step in rank.steps], rank.ended) == ([1, 2], False)


@pytest.mark.parametrize("text", ["", "{", "[]\n", '{"kind": 3}\n', '{"kind": "step"}\n'])
def test_a_damaged_file(tmp_path: Path, text: str) -> None:
    """It is no rank, and no error."""
    file_of(tmp_path, 0).write_text(text, "utf-8")

    assert read_ranks(tmp_path) == ()


def test_the_text_shows_both_sides(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """The verdict comes first, then the ranks with their rows, then each step's two lines."""
    lines = rehearsal_text(both(plan, many), Look()).splitlines()

    assert lines[0] == "agree: 1 process and 2 (ddp) compute the same"
    assert lines[2] == "rank 1      world 2, MULTI_GPU, gloo, cpu; rows 18, 23, 2, 9, 11, 8"
    assert sum(line.startswith("step ") for line in lines) == 3
    assert max(map(len, lines[:-1])) <= 80


def test_steps_past_the_data_are_not_compared(plan: RehearsalPlan, many: tuple[Rank, ...]) -> None:
    """Their numbers are shown, and that they need not be the same."""
    lines = rehearsal_text(replace(both(plan, many), compared=2), Look()).splitlines()

    assert lines.count("  not compared") == 1


def test_saving_that_fails_is_not_called_a_disagreement(
    plan: RehearsalPlan, many: tuple[Rank, ...]
) -> None:
    """The numbers agree, and the run would lose its model all the same."""
    (plan.many.folder / "log.txt").write_text(TORCHRUN.format(status=1))
    found = both(plan, many, status=1)

    assert (found.agree, found.failed) == (False, False)
    assert rehearsal_text(found, Look()).startswith("failed to save: 1 process and 2 (ddp)")


def test_hostile_words_do_not_reach_the_terminal(
    plan: RehearsalPlan, many: tuple[Rank, ...]
) -> None:
    """What a log or a file says is shown, not obeyed."""
    process = replace(many[1].process, distributed="\x1b[2JNO")
    text = rehearsal_text(both(plan, (many[0], replace(many[1], process=process))), Look())

    assert "\x1b" not in text


def test_what_it_cached_is_cleaned(tmp_path: Path) -> None:
    """With its config's runs, a rehearsal's caches go; what each rank saw stays."""
    plan = planned(tmp_path)
    journal = make_folder(plan.folder)
    write_inputs(plan, journal)
    journal.finish(State.FINISHED, message="", exit_status=0)
    for name in ("one/out", "many/out", "weights", "prepared"):
        (plan.folder / name).mkdir(parents=True)
    kept = file_of(plan.many.folder, 0)
    kept.touch()
    (cleaned,) = clean_runs(tmp_path, name="config")

    assert set(cleaned.removed) == {"one/out", "many/out", "weights", "prepared"}
    assert kept.exists()


def test_every_code_is_documented() -> None:
    """The table of docs/rehearsal.md has the codes that there are, and no other."""
    folder = Path(inspect_tool.scale.rehearsal.__path__[0])
    source = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    table = (ROOT / "docs" / "rehearsal.md").read_text("utf-8")

    assert set(re.findall(r'"(R-[A-Z-]+)"', source)) == set(
        re.findall(r"^\| (R-[A-Z-]+) \|", table, re.MULTILINE)
    )
