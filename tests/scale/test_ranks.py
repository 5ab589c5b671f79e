"""Runs on two real processes: one that hangs and loses a rank, one with a debugger in its ranks."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from jsonschema import Draft202012Validator

from inspect_tool.runs.journal import State, read_metrics, read_status
from inspect_tool.runs.ports import choose_port, listened
from inspect_tool.runs.stops.places import places
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.hang import is_stuck, stacks, verdict
from inspect_tool.scale.ranks.pace import read_paces
from inspect_tool.scale.ranks.record import LOG, RankState, folder_of
from inspect_tool.scale.safe_fleet import safe_fleet
from tests.dap import DapClient
from tests.processes import run as inspect_tool
from tests.runs.debug.sessions import project
from tests.scale.fleets import Background, finding_tests, plan
from tests.schemas import schema
from tests.waiting import alive, until, until_gone

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_rank_that_stops_and_dies_is_named(tmp_path: Path) -> None:
    """`hang` says who waits for whom; after kill -9 the rank is named and the others are ended."""
    config = project(tmp_path, more="plugins: [tests.scale.stopping.OneRankStops]\n")
    run = safe_fleet(plan(config), Fleet(2))
    run = finding_tests(run)
    with Background(run) as fleet:
        until(lambda: fleet.over or _stands_in_all_reduce(run.folder), "rank 0 in all_reduce")
        said = inspect_tool("hang", run.folder, "--json")
        ranks = fleet.ranks()
        os.kill(ranks[1].pid, signal.SIGKILL)
        fleet.join()

    hang = json.loads(said.stdout)
    assert Draft202012Validator(schema("hang")).is_valid(hang)
    assert (said.returncode, hang["stuck"]) == (1, True)
    assert hang["verdict"] == "rank 0 waits in all_reduce; rank 1 is in stand_still"
    assert "rank 1 was ended by signal 9" in str(fleet.problem)
    assert not any(alive(rank.pid) for rank in ranks.values())
    status = read_status(run.folder)
    assert status is not None
    assert (status.state, "rank 1" in status.message) == (State.FAILED, True)
    assert [item["step"] for item in read_metrics(run.folder) if "loss" in item] == [1]


def _stands_in_all_reduce(run: Path) -> bool:
    if not (run / "metrics.jsonl").exists():
        return False
    found = stacks(run, seconds=0.2)
    return is_stuck(found) and "waits in all_reduce" in verdict(found)


def test_a_breakpoint_in_one_rank_alone(tmp_path: Path) -> None:
    """Each rank listens on its own loopback port; a breakpoint of rank 1 stops rank 1 alone."""
    config = project(tmp_path)
    at = places("loss")[0]
    base = choose_port(0)
    run = safe_fleet(plan(config, steps=2), Fleet(2), debug=(0, 1), port=base)
    with Background(run) as fleet:
        fleet.until_all(RankState.WAITING)
        ranks = fleet.ranks()
        status = read_status(run.folder)
        assert status is not None
        assert status.pid is not None
        ports = _ports_below(status.pid)
        with DapClient(base) as zero, DapClient(base + 1) as one:
            zero.attach()
            one.attach(breakpoints={str(at.file): [at.line]})
            frame = one.stopped()
            rank = one.evaluate("__import__('os').environ['RANK']", frame)
            one.request("setBreakpoints", source={"path": str(at.file)}, breakpoints=[])
            one.go_on()
            zero.ended()
            one.ended()
        fleet.join()

    assert fleet.problem is None, fleet.output
    assert (frame.file, frame.line, rank) == (str(at.file), at.line, "'1'")
    assert {base, base + 1} <= set(ports)
    assert set(ports.values()) <= {"127.0.0.1"}
    assert [pace.steps for pace in read_paces(run.folder, 2)] == [2, 2]
    assert all((folder_of(run.folder, rank) / LOG).stat().st_size for rank in (0, 1))
    until_gone(*(one.pid for one in ranks.values()))


def _ports_below(pid: int) -> dict[int, str]:
    """Return what a process and all below it listen on: addresses by debugger's port."""
    root = psutil.Process(pid)
    found: dict[int, str] = {}
    for one in (root, *root.children(recursive=True)):
        if "debugpy" in " ".join(one.cmdline()):
            found.update(listened(one))
    return found
