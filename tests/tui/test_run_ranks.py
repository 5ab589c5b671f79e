"""The Run screen on a run of several processes: how each rank stands, its pace, its log."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.journal import State, process_started
from inspect_tool.scale.ranks.pace import PULSE
from inspect_tool.scale.ranks.record import LOG, Rank, RankState, folder_of
from tests.tui.run_folders import HERE, RunFolder, make_run
from tests.tui.running import NARROW, WIDE
from tests.tui.test_run import watching

if TYPE_CHECKING:
    from pathlib import Path


def rank(number: int, state: RankState = RankState.RUNNING, *, message: str = "") -> Rank:
    """Return a rank of two; its process is this one."""
    pid = os.getpid()
    ended = 1.0 + number if state.over else None
    return Rank(number, number, 2, pid, process_started(pid), state, None, ended, message)


@pytest.fixture
def run_folder(tmp_path: Path, chatml_dir: Path) -> RunFolder:
    """A run on two processes; rank 1 takes twice as long."""
    (tmp_path / ".git").mkdir()
    run = make_run(tmp_path, chatml_dir)
    run.status(State.RUNNING, **HERE)
    for number, seconds in enumerate((0.1, 0.2)):
        rank(number).write(run.folder)
        (folder_of(run.folder, number) / LOG).write_text(f"rank {number} speaks\n", "utf-8")
        pulse = (folder_of(run.folder, number) if number else run.folder) / PULSE
        line = json.dumps({"step": 1, "wait": 0.0, "forward": seconds})
        pulse.write_text(f"{line}\n{line}\n", "utf-8")
    return run


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "160x48"])
async def test_every_rank_has_its_pace_and_its_log(
    run_folder: RunFolder, size: tuple[int, int]
) -> None:
    """The slowest is named, and the log is that of the rank under the cursor."""
    async with watching(run_folder, size=size) as (run, _):
        await run.press("5")

        assert "slowest step 2, 0.200 s each" in run.screen
        assert "rank 0 speaks" in run.screen
        await run.press("j")
        assert "rank 1 speaks" in run.screen
        assert "rank 0 speaks" not in run.screen


async def test_the_rank_that_went_first_is_named(run_folder: RunFolder) -> None:
    """When both end badly, the one that ended earlier is the cause."""
    async with watching(run_folder) as (run, _):
        await run.press("5")
        rank(1, RankState.FAILED, message="aborted").write(run_folder.folder)
        rank(0, RankState.FAILED, message="out of memory").write(run_folder.folder)

        await run.until(lambda: "failed first: out of memory" in run.screen, "the first rank")
        assert "failed: aborted" in run.screen


async def test_why_the_first_rank_failed(run_folder: RunFolder) -> None:
    """Its own log explains the end of all, not the signal with which the others were ended."""
    error = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
    log = folder_of(run_folder.folder, 0) / LOG
    log.write_text(f"Traceback (most recent call last):\n{error}\n")
    rank(0, RankState.FAILED, message=error).write(run_folder.folder)
    rank(1, RankState.DIED).write(run_folder.folder)
    run_folder.status(State.FAILED, message="rank 0 failed", exit_status=-15)
    async with watching(run_folder) as (run, screen):
        await run.until(lambda: screen.page == "problems", "why it failed")

        assert "evidence" in run.screen
        assert error in run.screen
        assert "SIGTERM" not in run.screen


async def test_one_process_has_no_page_of_ranks(tmp_path: Path, chatml_dir: Path) -> None:
    """A debug run shows no empty page."""
    (tmp_path / ".git").mkdir()
    run = make_run(tmp_path, chatml_dir)
    run.status(State.RUNNING, **HERE)
    async with watching(run) as (app, _):
        assert "5 ranks" not in app.screen
