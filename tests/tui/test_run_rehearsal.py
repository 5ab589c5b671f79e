"""The Run screen on a rehearsal: which of its two runs goes on, and what came of both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from inspect_tool.findings import Finding
from inspect_tool.runs.follow import Follower
from inspect_tool.runs.journal import LOG, PLAN, State
from inspect_tool.scale.rehearsal.facts import read_ranks
from inspect_tool.scale.rehearsal.recorded import Tolerance
from inspect_tool.scale.rehearsal.rehearse import RESULT, Rehearsal
from inspect_tool.tui.rehearsal import read_result
from inspect_tool.tui.run import state_part
from tests.hostile import TEXTS
from tests.scale.rehearsals import RECORDING
from tests.tui.run_folders import GONE, HERE, RunFolder, make_run
from tests.tui.running import NARROW
from tests.tui.test_run import watching

if TYPE_CHECKING:
    from pathlib import Path

APART = Finding("R-LOSS", "error", "the loss of step 2 is twice that of one process", fix="look")


@pytest.fixture
def run_folder(tmp_path: Path, chatml_dir: Path) -> RunFolder:
    """A rehearsal on two processes whose first run goes on."""
    (tmp_path / ".git").mkdir()
    run = make_run(tmp_path, chatml_dir, "chat-rehearsal-1")
    plan = json.loads((run.folder / PLAN).read_text())
    run.journal.write(PLAN, json.dumps({**plan, "processes": 2, "one": {}, "many": {}}))
    for part in ("one", "many"):
        (run.folder / part).mkdir()
        (run.folder / part / LOG).write_text(f"the run called {part} speaks\n")
    (run.folder / LOG).symlink_to(f"one/{LOG}")
    run.status(State.RUNNING, **HERE)
    return run


def result(run: RunFolder, *findings: Finding) -> None:
    """Write what a rehearsal has found, with ranks that were really recorded, and its end."""
    (one,) = read_ranks(RECORDING / "one")
    found = Rehearsal(
        folder=run.folder,
        processes=2,
        strategy="ddp",
        findings=findings,
        one=one,
        many=read_ranks(RECORDING / "many"),
        tolerance=Tolerance(1e-5, 1e-5),
    )
    run.journal.write(RESULT, json.dumps(found.to_json()))
    run.status(State.FINISHED, exit_status=0, message=findings[0].message if findings else "")


async def test_which_run_goes_on(run_folder: RunFolder) -> None:
    """First that on one process, then that on all; the log is that of the one that goes on."""
    async with watching(run_folder) as (run, _):
        assert "rehearsing on 1 process" in run.screen
        assert "the run called one speaks" in run.screen
        (run_folder.folder / LOG).unlink()
        (run_folder.folder / LOG).symlink_to(f"many/{LOG}")

        await run.until(lambda: "rehearsing on 2 processes" in run.screen, "the second run")
        assert "the run called many speaks" in run.screen


async def test_what_was_found(run_folder: RunFolder) -> None:
    """At its end verdict, ranks and each step's numbers come to the front, also in 80 columns."""
    async with watching(run_folder, size=NARROW) as (run, screen):
        result(run_folder)
        await run.until(lambda: screen.page == "rehearsal", "the verdict")

        assert "✔ agree: 1 process and 2 (ddp) compute the same" in run.screen
        assert "rank 1 world 2, MULTI_" in run.screen
        assert "step 3:  1" in run.screen


async def test_one_that_was_killed(run_folder: RunFolder) -> None:
    """It is not said to go on; why it ended takes the place of its page."""
    async with watching(run_folder, size=NARROW) as (run, screen):
        await run.press("6")
        assert "on 1 process: goes on" in run.screen
        run_folder.status(State.RUNNING, **GONE)
        await run.until(lambda: screen.page == "problems", "why it ended")

        assert "died" in run.screen
        assert "6:rehearsal" not in run.screen


def test_what_does_not_agree(run_folder: RunFolder) -> None:
    """A finished rehearsal that disagrees says so, and is not shown as a good end."""
    result(run_folder, APART)
    headings = [heading for heading, _ in read_result(run_folder.folder)]

    assert "✖ disagree: 1 process and 2 (ddp) do not compute the same" in headings
    assert "✖ R-LOSS" in headings
    assert state_part(Follower(run_folder.folder).look()).text.startswith("▲ finished")


def test_hostile_findings(run_folder: RunFolder) -> None:
    """Nothing that a terminal would obey is left of a finding's text."""
    every = " ".join(TEXTS.values()).encode(errors="replace").decode()
    result(run_folder, Finding("R-ODD", "error", every, fix=every))
    facts = [fact.value for _, facts in read_result(run_folder.folder) for fact in facts]

    assert any("\N{SYMBOL FOR ESCAPE}" in fact for fact in facts)
    assert all(fact.isprintable() for fact in facts)


@pytest.mark.parametrize("text", ["", "[]", '{"agree": 1}', '{"agree": true, "verdict": []}'])
def test_a_result_that_is_none(run_folder: RunFolder, text: str) -> None:
    """A file that was cut, or is another's, shows nothing and breaks nothing."""
    (run_folder.folder / RESULT).write_text(text)

    assert read_result(run_folder.folder) == []


async def test_a_run_that_is_no_rehearsal(tmp_path: Path, chatml_dir: Path) -> None:
    """It has no such page, and says how one is made."""
    (tmp_path / ".git").mkdir()
    run = make_run(tmp_path, chatml_dir)
    run.status(State.RUNNING, **HERE)
    async with watching(run) as (app, screen):
        await app.press("6")

        assert "6:rehearsal" not in app.screen
        assert screen.page == "run"
        assert "r on the Scale screen" in app.notes
