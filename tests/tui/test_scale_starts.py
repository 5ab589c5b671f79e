"""What the Scale screen starts: a rehearsal, and the real run once its command was confirmed."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Label

from fixtures.build import build_models, build_tokenizers
from inspect_tool.runs.journal import State, Status, read_status
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.ranks.record import read_ranks
from inspect_tool.tui.ask_scale import confirm_launch
from inspect_tool.tui.own_run import own_fleet
from inspect_tool.tui.screens.choose import ChooseScreen
from inspect_tool.tui.screens.run import RunScreen, begin_run
from inspect_tool.tui.screens.scale import ScaleScreen
from tests.scale.rehearsals import written
from tests.scale.test_real_fleet import real
from tests.tui.running import Running, running
from tests.waiting import until_gone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.tui.projects import Project


def status_of(folder: Path) -> Status:
    """Return what a run's folder says, of one that is still to be made that it is prepared."""
    return read_status(folder) or Status(State.PREPARING)


@asynccontextmanager
async def scaling(config: Path) -> AsyncIterator[tuple[Running, ScaleScreen]]:
    """Open the Scale screen on a config, with its plan."""
    async with running(config) as run:
        await run.press("S")
        screen = run.app.screen
        assert isinstance(screen, ScaleScreen)
        await run.until(lambda: not screen.busy and screen.plan, "the plan")
        yield run, screen


async def test_the_real_run_is_asked_for(project: Project, tmp_path: Path) -> None:
    """The very command is shown first; without a yes nothing is started."""
    async with scaling(project.config) as (run, screen):
        fleet = real(tmp_path, Fleet(8))
        assert screen.plan is not None
        confirm_launch(screen, screen.plan, fleet)
        await run.until(lambda: isinstance(run.app.screen, ChooseScreen), "the question")
        text = str(run.app.screen.query_one("#choose-text", Label).content)

        assert "Train for real?" in run.screen
        assert "inspect_tool.scale.ranks.main" in run.screen
        assert fleet.with_environment().command() in text
        await run.press("enter")
        assert run.app.screen is screen
        assert run.app.background.own is None


async def test_too_few_gpus(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this machine cannot run its part, that is said at once."""
    monkeypatch.setenv("PATH", os.devnull)
    async with scaling(project.config) as (run, screen):
        await run.press("l")
        await run.until(lambda: "no GPU" in run.notes, "the refusal")

        assert run.app.screen is screen


async def test_not_for_a_browser(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the web nothing is started, however it is asked."""
    async with scaling(project.config) as (run, screen):
        monkeypatch.setattr(type(run.app), "is_web", True)
        await run.press("r", "l")

        assert run.notes.count("not from a browser") == 2
        assert not screen.starting
        assert run.app.background.own is None


@pytest.mark.slow
async def test_a_rehearsal_is_begun_and_ended(tmp_path: Path) -> None:
    """R starts it on the Run screen; ctrl+c ends all of it, and back is the Scale screen."""
    build_tokenizers()
    build_models()
    (tmp_path / ".git").mkdir()
    async with scaling(written(tmp_path)) as (run, screen):
        await run.press("r")
        await run.until(lambda: isinstance(run.app.screen, RunScreen), "the Run screen")
        own = run.app.background.own
        assert own is not None
        await run.until(lambda: "rehearsing on 1 process" in run.screen, "the first run")
        await run.until(lambda: status_of(own.folder / "one").pid, "its process")
        pid = status_of(own.folder / "one").pid
        await run.press("ctrl+c")
        await run.until(lambda: "interrupted" in run.screen, "its end")

        assert pid is not None
        until_gone(pid)
        assert not (own.folder / "many").exists()
        await run.press("escape")
        assert run.app.screen is screen


@pytest.mark.slow
async def test_the_real_run_and_its_ranks(tmp_path: Path) -> None:
    """It is shown rank by rank, and ended, or left with the app, only on a second word."""
    build_tokenizers()
    build_models()
    (tmp_path / ".git").mkdir()
    fleet = real(tmp_path, Fleet(2), max_steps=100_000)
    async with running(tmp_path / "mine.yml") as run:
        assert begin_run(run.app, own_fleet(fleet))
        await run.app.push_screen(RunScreen(fleet.folder, "ranks"))
        await run.until(lambda: "no rank has begun" in run.screen, "the page of ranks")
        await run.until(lambda: "rank 1  running" in run.screen, "the ranks")
        ranks = [rank.pid for rank in read_ranks(fleet.folder)]
        await run.press("q")
        assert "The training run ends with the app" in run.screen
        await run.press("escape", "ctrl+c")
        assert "End the training run and all of its ranks?" in run.screen
        await run.press("down", "enter")
        await run.until(lambda: "interrupted" in run.screen, "its end")

        until_gone(*ranks)
        assert status_of(fleet.folder).state is State.INTERRUPTED
