"""Rehearsals for real: one process and two, in accelerate's own launcher, on this machine's CPU."""

from __future__ import annotations

import io
import json
import signal
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.cli.rehearsing import rehearse_plan
from inspect_tool.cli.scaling import Scaling
from inspect_tool.errors import ExitCode
from inspect_tool.runs.failures.explain import explain_run
from inspect_tool.runs.journal import State, read_metrics, read_status
from inspect_tool.scale.fleet import RIG, Strategy
from inspect_tool.scale.plan import ScaleOptions
from inspect_tool.scale.rehearsal import ends
from inspect_tool.scale.rehearsal.compare import compare
from inspect_tool.scale.rehearsal.facts import Rank, read_ranks
from inspect_tool.scale.rehearsal.plan import RehearsalOptions
from inspect_tool.scale.rehearsal.rehearse import rehearse
from inspect_tool.scale.rehearsal.run import Following
from tests.scale.rehearsals import RECORDING, held_against, planned, run_many, written
from tests.schemas import schema
from tests.waiting import until_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from inspect_tool.findings import Finding

pytestmark = pytest.mark.slow

MISTAKES = "tests.scale.mistakes"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, dict[str, Any]]]:
    """What ``scale --rehearse --json`` says of a LoRA config on two processes, and its status."""
    config = written(tmp_path_factory.mktemp("agreeing"))
    scaling = Scaling(config, ScaleOptions(processes=2), cwd=config.parent, ask=False)
    before = signal.getsignal(signal.SIGTERM)
    with redirect_stdout(io.StringIO()) as answer:
        status = rehearse_plan(scaling, RehearsalOptions(processes=2), color="never", as_json=True)
    yield status, json.loads(answer.getvalue())["rehearsal"]
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def folder(told: tuple[int, dict[str, Any]]) -> Path:
    """The run folder of that rehearsal."""
    return Path(told[1]["run"])


@pytest.fixture(scope="module")
def ranks(folder: Path) -> tuple[Rank, ...]:
    """What its two ranks wrote."""
    return read_ranks(folder / "many")


def weights_of(rehearsed: Path) -> Path:
    """Return the weights that the run on one process has kept."""
    (kept,) = (rehearsed / "weights").iterdir()
    return kept


def with_plugin(name: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what adds one of the mistakes to a config's plugins."""
    return lambda values: {**values, "plugins": [*values["plugins"], f"{MISTAKES}.{name}"]}


def apart(values: Mapping[str, Any]) -> dict[str, Any]:
    """Take from the rig what has the ranks meet: so they are on any machine without GPUs."""
    plugins = [f"{MISTAKES}.Apart" if name == RIG else name for name in values["plugins"]]
    return {**values, "plugins": plugins}


def found(
    folder: Path,
    rehearsed: Path,
    change: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    *,
    strategy: Strategy = Strategy.DDP,
) -> tuple[Finding, ...]:
    """Run the half on two processes with one change; return what is found against one process.

    That is the one of the rehearsal in the folder ``rehearsed``.
    """
    plan = planned(folder, strategy=strategy)
    outcome = run_many(plan, weights_of(rehearsed), change)
    (one,) = read_ranks(rehearsed / "one")
    return (*ends.find(outcome), *compare(held_against(plan, one, outcome.ranks)))


def test_two_processes_agree_with_one(told: tuple[int, dict[str, Any]]) -> None:
    """A LoRA config computes on two processes what it computes on one, from the same weights."""
    _, answer = told

    assert (answer["agree"], answer["findings"]) == (True, [])


def test_the_answer_is_documented(told: tuple[int, dict[str, Any]]) -> None:
    """The JSON is as its schema says."""
    Draft202012Validator(schema("rehearsal")).validate(told[1])


def test_the_plan_counts_for_the_status(told: tuple[int, dict[str, Any]]) -> None:
    """Two processes of the same YAML double the batch: the status is that of the plan's warning."""
    assert told[0] == ExitCode.FINDINGS


def test_ranks_prove_what_they_are(ranks: tuple[Rank, ...]) -> None:
    """Each rank says from inside that the other one answers it, and over what."""
    said = [rank.process for rank in ranks]

    assert [(r.rank, r.world, r.heard) for r in said] == [(0, 2, (0, 1)), (1, 2, (0, 1))]
    assert [(r.distributed, r.backend, r.main) for r in said] == [
        ("MULTI_GPU", "gloo", True),
        ("MULTI_GPU", "gloo", False),
    ]


def test_the_answer_in_numbers(told: tuple[int, dict[str, Any]]) -> None:
    """There are three steps of both runs, and every row of them once."""
    answer = told[1]
    rows = [row for seen in answer["rows_seen"].values() for row in seen]

    assert [step["step"] for step in answer["steps"]] == [1, 2, 3]
    for step in answer["steps"]:
        assert step["many"] == pytest.approx(step["one"], rel=1e-5)
    assert (len(rows), len(set(rows)), list(answer["rows_seen"])) == (12, 12, ["0", "1"])


def test_nothing_is_left(folder: Path, ranks: tuple[Rank, ...]) -> None:
    """No process of it runs on, and nothing lies beside the config but the tool's folder."""
    until_gone(*(rank.process.pid for rank in ranks))
    beside = folder.parent.parent.parent

    assert sorted(path.name for path in beside.iterdir()) == [".inspect", "config.yml"]


def test_each_run_has_its_folder(folder: Path) -> None:
    """Both runs and the rehearsal say that they are finished; metrics of ranks stay apart."""
    states = [read_status(path) for path in (folder, folder / "one", folder / "many")]

    assert [status and status.state for status in states] == [State.FINISHED] * 3
    assert len([line for line in read_metrics(folder / "many") if "loss" in line]) == 3


def test_the_rehearsal_opens_as_a_run(folder: Path) -> None:
    """Its folder shows the run on many: log, steps and batches are found where any run has them."""
    steps = [line["step"] for line in read_metrics(folder) if "loss" in line]

    assert (steps, explain_run(folder)) == ([1, 2, 3], None)
    assert (folder / "log.txt").samefile(folder / "many" / "log.txt")


def test_the_recording_is_what_is_recorded(ranks: tuple[Rank, ...]) -> None:
    """The recording that other tests change still shows what a rehearsal sees."""
    kept = read_ranks(RECORDING / "many")

    assert [[(b.ids, b.rows) for b in rank.batches] for rank in ranks] == [
        [(b.ids, b.rows) for b in rank.batches] for rank in kept
    ]
    assert [s.learning_rate for s in ranks[0].steps] == [s.learning_rate for s in kept[0].steps]


def test_fsdp_agrees(tmp_path: Path, folder: Path) -> None:
    """FSDP2 on two processes without a GPU computes the same, and saves."""
    assert found(tmp_path, folder, strategy=Strategy.FSDP) == ()


def test_copies_that_never_talk(tmp_path: Path, folder: Path) -> None:
    """What accelerate starts on a machine without GPUs is named: two trainings, each alone."""
    codes = [finding.code for finding in found(tmp_path, folder, apart)]

    assert codes == ["R-ALONE"]


def test_a_rank_that_repeats_its_batch(tmp_path: Path, folder: Path) -> None:
    """It is named by its number, with the rows that nobody saw."""
    (finding,) = found(tmp_path, folder, with_plugin("RepeatedBatch"))

    assert finding.code == "R-REPEATED"
    assert "rank 1 trains rows that it has trained before" in finding.message


def test_an_adapter_without_a_seed(tmp_path: Path, folder: Path) -> None:
    """Its first weights show it; the first loss does not."""
    (finding,) = found(tmp_path, folder, with_plugin("UnseededAdapter"))

    assert finding.code == "R-ADAPTER"


def test_a_rank_that_is_killed(tmp_path: Path, folder: Path) -> None:
    """The rank that ended first is named, no other is left, and what was written is there."""
    plan = planned(tmp_path)
    outcome = run_many(plan, weights_of(folder), with_plugin("KilledRank"))
    until_gone(*(rank.process.pid for rank in outcome.ranks))
    (finding,) = ends.find(outcome)
    status = read_status(plan.many.folder)

    assert finding.code == "R-RUN-FAILED"
    assert "failed after step 1: rank 1 was ended first, by SIGKILL" in finding.message
    assert [len(rank.steps) for rank in outcome.ranks] == [1, 1]
    assert status is not None
    assert status.state is State.FAILED


def test_a_run_that_hangs(tmp_path: Path, folder: Path) -> None:
    """A run that takes no further step is ended, and the ranks that took none are named."""
    plan = planned(tmp_path)
    outcome = run_many(
        plan, weights_of(folder), with_plugin("StuckRank"), following=Following(step=15.0)
    )
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
    assert "no_such_optimizer" in rehearsal.findings[0].message
