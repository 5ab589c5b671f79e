"""Rehearsals for real: one process and two, in accelerate's own launcher, on this machine's CPU."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.runs.journal import State, read_metrics, read_status
from inspect_tool.scale.fleet import Strategy
from inspect_tool.scale.rehearsal import ends
from inspect_tool.scale.rehearsal.compare import compare
from inspect_tool.scale.rehearsal.facts import read_ranks
from inspect_tool.scale.rehearsal.plan import RIG
from inspect_tool.scale.rehearsal.rehearse import rehearse
from inspect_tool.scale.rehearsal.run import Following
from tests.scale.rehearsals import RECORDING, against_recording, planned, run_many
from tests.waiting import until_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from inspect_tool.findings import Finding
    from inspect_tool.scale.rehearsal.rehearse import Rehearsal

pytestmark = pytest.mark.slow

MISTAKES = "tests.scale.mistakes"


@pytest.fixture(scope="module")
def agreeing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rehearsal, list[str]]:
    """A LoRA config rehearsed on two processes, and the order in which the runs were started."""
    started: list[str] = []
    following = Following(on_start=lambda which, _: started.append(which))
    return rehearse(planned(tmp_path_factory.mktemp("agreeing")), following), started


def with_plugin(name: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what adds one of the mistakes to a config's plugins."""
    return lambda values: {**values, "plugins": [*values["plugins"], f"{MISTAKES}.{name}"]}


def apart(values: Mapping[str, Any]) -> dict[str, Any]:
    """Take from the rig what has the ranks meet: so they are on any machine without GPUs."""
    plugins = [f"{MISTAKES}.Apart" if name == RIG else name for name in values["plugins"]]
    return {**values, "plugins": plugins}


@pytest.fixture(scope="module")
def weights(agreeing: tuple[Rehearsal, list[str]]) -> Path:
    """The weights that the run on one process has kept."""
    (folder,) = (agreeing[0].folder / "weights").iterdir()
    return folder


def found(
    folder: Path,
    weights: Path,
    change: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    *,
    strategy: Strategy = Strategy.DDP,
) -> tuple[Finding, ...]:
    """Run the half on two processes with one change; return what is found against one process."""
    plan = planned(folder, strategy=strategy)
    outcome = run_many(plan, weights, change)
    return (*ends.find(outcome), *compare(against_recording(plan, outcome.ranks)))


def test_two_processes_agree_with_one(agreeing: tuple[Rehearsal, list[str]]) -> None:
    """A LoRA config computes on two processes what it computes on one, from the same weights."""
    rehearsal, started = agreeing

    assert (rehearsal.agree, rehearsal.findings, started) == (True, (), ["one", "many"])


def test_ranks_prove_what_they_are(agreeing: tuple[Rehearsal, list[str]]) -> None:
    """Each rank says from inside that the other one answers it, and over what."""
    ranks = [rank.process for rank in agreeing[0].many]

    assert [(r.rank, r.world, r.heard) for r in ranks] == [(0, 2, (0, 1)), (1, 2, (0, 1))]
    assert [(r.distributed, r.backend, r.main) for r in ranks] == [
        ("MULTI_GPU", "gloo", True),
        ("MULTI_GPU", "gloo", False),
    ]


def test_the_answer_in_numbers(agreeing: tuple[Rehearsal, list[str]]) -> None:
    """The JSON has three steps of both runs, and every row of them once."""
    answer = agreeing[0].to_json()
    rows = [row for seen in answer["rows_seen"].values() for row in seen]

    assert [step["step"] for step in answer["steps"]] == [1, 2, 3]
    assert all(
        step["many"]["loss"] == pytest.approx(step["one"]["loss"], rel=1e-5)
        for step in answer["steps"]
    )
    assert (len(rows), len(set(rows)), list(answer["rows_seen"])) == (12, 12, ["0", "1"])


def test_nothing_is_left(agreeing: tuple[Rehearsal, list[str]]) -> None:
    """No process of it runs on, and nothing lies beside the config but the tool's folder."""
    rehearsal = agreeing[0]
    until_gone(*(rank.process.pid for rank in rehearsal.many))
    beside = rehearsal.folder.parent.parent.parent

    assert sorted(path.name for path in beside.iterdir()) == [".inspect", "config.yml"]


def test_each_run_has_its_folder(agreeing: tuple[Rehearsal, list[str]]) -> None:
    """Both runs and the rehearsal say that they are finished; metrics of ranks stay apart."""
    folder = agreeing[0].folder
    states = [read_status(path) for path in (folder, folder / "one", folder / "many")]

    assert [status and status.state for status in states] == [State.FINISHED] * 3
    assert len([line for line in read_metrics(folder / "many") if "loss" in line]) == 3


def test_the_recording_is_what_is_recorded(agreeing: tuple[Rehearsal, list[str]]) -> None:
    """The recording that other tests change still shows what a rehearsal sees."""
    kept = read_ranks(RECORDING / "many")
    now = agreeing[0].many

    assert [[b.rows for b in rank.batches] for rank in now] == [
        [b.rows for b in rank.batches] for rank in kept
    ]
    assert [[b.ids for b in rank.batches] for rank in now] == [
        [b.ids for b in rank.batches] for rank in kept
    ]
    assert [s.learning_rate for s in now[0].steps] == [s.learning_rate for s in kept[0].steps]


def test_fsdp_agrees(tmp_path: Path, weights: Path) -> None:
    """FSDP2 on two processes without a GPU computes the same, and saves."""
    assert found(tmp_path, weights, strategy=Strategy.FSDP) == ()


def test_copies_that_never_talk(tmp_path: Path, weights: Path) -> None:
    """What accelerate starts on a machine without GPUs is named: two trainings, each alone."""
    codes = [finding.code for finding in found(tmp_path, weights, apart)]

    assert codes == ["R-ALONE"]


def test_a_rank_that_repeats_its_batch(tmp_path: Path, weights: Path) -> None:
    """It is named by its number, with the rows that nobody saw."""
    (finding,) = found(tmp_path, weights, with_plugin("RepeatedBatch"))

    assert finding.code == "R-REPEATED"
    assert "rank 1 trains rows that it has trained before" in finding.message


def test_an_adapter_without_a_seed(tmp_path: Path, weights: Path) -> None:
    """Its first weights show it; the first loss does not."""
    (finding,) = found(tmp_path, weights, with_plugin("UnseededAdapter"))

    assert finding.code == "R-ADAPTER"


def test_a_rank_that_is_killed(tmp_path: Path, weights: Path) -> None:
    """The rank that ended first is named, no other is left, and what was written is there."""
    plan = planned(tmp_path)
    outcome = run_many(plan, weights, with_plugin("KilledRank"))
    until_gone(*(rank.process.pid for rank in outcome.ranks))
    (finding,) = ends.find(outcome)
    status = read_status(plan.many.folder)

    assert finding.code == "R-RUN-FAILED"
    assert "failed after step 1: rank 1 was ended first, by SIGKILL" in finding.message
    assert [len(rank.steps) for rank in outcome.ranks] == [1, 1]
    assert status is not None
    assert status.state is State.FAILED


def test_a_run_that_hangs(tmp_path: Path, weights: Path) -> None:
    """A run that takes no further step is ended, and the ranks that took none are named."""
    plan = planned(tmp_path)
    outcome = run_many(plan, weights, with_plugin("StuckRank"), following=Following(step=15.0))
    until_gone(*(rank.process.pid for rank in outcome.ranks))
    (finding,) = ends.find(outcome)

    assert (finding.code, outcome.stuck) == ("R-HUNG", True)
    assert "after step 1" in finding.message


def test_one_that_fails_is_enough(tmp_path: Path) -> None:
    """Where one process fails already, many are not started, and the log's cause is said."""
    plan = planned(tmp_path)
    values = {**plan.one.values, "optimizer": "no_such_optimizer"}
    rehearsal = rehearse(replace(plan, one=replace(plan.one, values=values)))

    assert (rehearsal.agree, rehearsal.failed, rehearsal.many) == (False, True, ())
    assert "the run on one process failed before the first step" in rehearsal.findings[0].message
