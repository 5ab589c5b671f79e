"""The Plan screen: both YAMLs with their reasons, changes taken back or set, and what stops it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.document import Request
from inspect_tool.tui.plan import as_ever, with_options
from inspect_tool.tui.screens.choose import ChooseScreen
from inspect_tool.tui.screens.plan import PlanScreen
from tests.runs.debug.sessions import project
from tests.tui.running import NARROW, WIDE, Running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inspect_tool.runs.debug import DebugPlan


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config whose model, tokenizer and data are there."""
    (tmp_path / ".git").mkdir()
    return project(tmp_path)


@asynccontextmanager
async def planning(
    config: Path, *, size: tuple[int, int] = WIDE
) -> AsyncIterator[tuple[Running, PlanScreen]]:
    """Open the app on a config, press D and wait for the plan."""
    app = InspectApp(Request(config), confirms=False)
    async with app.run_test(size=size) as pilot:
        run = Running(app, pilot)
        await run.settled()
        await run.press("D")
        await run.until(lambda: isinstance(app.screen, PlanScreen), "the Plan screen")
        screen = app.screen
        assert isinstance(screen, PlanScreen)
        await run.until(lambda: not screen.busy, "the plan")
        yield run, screen


async def planned(run: Running, screen: PlanScreen, *keys: str) -> DebugPlan:
    """Press keys and wait for the plan that follows."""
    await run.press(*keys)
    await run.until(lambda: not screen.busy, "the next plan")
    assert screen.planned is not None
    assert screen.planned.plan is not None
    return screen.planned.plan


def go_to(screen: PlanScreen, key: str) -> None:
    """Put the cursor on a key's line."""
    assert screen.planned is not None
    lines = screen.planned.lines
    at = next(number for number, line in enumerate(lines) if key in line.keys)
    screen.view.cursor = at + screen.view.count() - len(lines)


async def test_both_sides_with_the_reason(config: Path) -> None:
    """A changed key stands on both sides; why it is changed stands below. Nothing is written."""
    before = sorted(config.parent.rglob("*"))
    async with planning(config) as (run, screen):
        go_to(screen, "gradient_accumulation_steps")
        await run.pilot.pause()

        assert "~ gradient_accumulation_steps: 4" in run.screen
        assert "~ gradient_accumulation_steps: 1" in run.screen
        assert "every batch is one step" in run.screen
        assert "- wandb_project: mine" in run.screen
        assert "waits for a debugger on 127.0.0.1:" in run.screen
    assert sorted(config.parent.rglob("*")) == before


async def test_a_change_is_taken_back(config: Path) -> None:
    """Space keeps what was written, and once more lets it be changed."""
    async with planning(config, size=NARROW) as (run, screen):
        go_to(screen, "gradient_accumulation_steps")
        plan = await planned(run, screen, "space")
        assert plan.values["gradient_accumulation_steps"] == 4
        assert "= gradient_accumulation_steps: 4" in run.screen

        plan = await planned(run, screen, "space")
        assert plan.values["gradient_accumulation_steps"] == 1


async def test_a_plan_that_nobody_waits_for_is_left(config: Path) -> None:
    """What was asked for before and comes late neither replaces the newer plan nor starts a run."""
    async with planning(config, size=NARROW) as (run, screen):
        older = screen.planned
        assert older is not None
        asked = screen.chosen
        go_to(screen, "gradient_accumulation_steps")
        newer = await planned(run, screen, "space")
        screen.post_message(PlanScreen.Made(asked, older, True))
        await run.pilot.pause()

        assert screen.planned is not None
        assert screen.planned.plan is newer
        assert run.app.screen is screen


async def test_a_line_that_stays_cannot_be_kept(config: Path) -> None:
    """It says so, and the plan stays."""
    async with planning(config, size=NARROW) as (run, screen):
        go_to(screen, "chat_template")
        await run.press("space")

        assert "does not change this line" in run.notes


async def test_a_key_is_set(config: Path) -> None:
    """What is typed is in the plan; what is no setting says so and changes nothing."""
    async with planning(config, size=NARROW) as (run, screen):
        go_to(screen, "max_steps")
        await run.press("e", "backspace")
        await run.type("9")
        plan = await planned(run, screen, "enter")
        assert plan.values["max_steps"] == 9
        assert "9 steps" in run.screen

        await run.press("e", "ctrl+u")
        await run.type("nonsense")
        await run.press("enter")
        assert "not KEY=VALUE" in run.screen


async def test_debugger_stops_and_amounts(config: Path) -> None:
    """Named stops, steps and rows, and whether a debugger is waited for."""
    async with planning(config, size=NARROW) as (run, screen):
        await run.press("s")
        assert isinstance(run.app.screen, ChooseScreen)
        plan = await planned(run, screen, "enter")
        assert plan.options.stops.names == ("loss",)

        await run.press("a", "ctrl+u")
        await run.type("7 16")
        plan = await planned(run, screen, "enter")
        assert (plan.values["max_steps"], plan.options.rows) == (7, 16)

        plan = await planned(run, screen, "b")
        assert not plan.options.debugger
        assert "no debugger" in run.screen


async def test_every_option_in_one_form(config: Path) -> None:
    """O lists what the command takes; enter changes it, and the form shows how it stands."""
    async with planning(config, size=NARROW) as (run, screen):
        await run.press("o")
        plan = await planned(run, screen, "enter")
        assert plan.options.stage == "preprocess"
        assert "preprocessing alone" in run.screen

        await planned(run, screen, "enter")
        await run.press(*["down"] * 6, "enter")
        await run.type("4")
        plan = await planned(run, screen, "enter")
        assert plan.options.memorize == 4
        assert "learns 4 rows by heart" in run.screen

        await run.press("down", "enter")
        await run.until(lambda: not screen.busy, "the refusal")
        assert "--memorize evaluates nothing" in run.notes
        assert screen.chosen.options.memorize == 4
        assert not screen.chosen.options.evaluate


async def test_a_line_to_break_at(config: Path) -> None:
    """F9 takes FILE:LINE; what is no file is refused where it was typed."""
    (config.parent / "mine.py").write_text("x = 1\n\ny = 2\n")
    async with planning(config, size=WIDE) as (run, screen):
        await run.press("f9")
        await run.type("gone.py:1")
        await run.press("enter")
        assert "no such file" in run.screen

        await run.press("ctrl+u")
        await run.type("mine.py:2")
        plan = await planned(run, screen, "enter")
        assert [item.line for item in plan.options.stops.breaks] == [3]
        assert "stops at mine.py:3" in run.screen
        await run.press("c")
        assert "--break mine.py:2" in run.notes


async def test_what_was_chosen_is_chosen_again(config: Path) -> None:
    """The next plan of a config begins as the last run of it, but for its port and name."""
    async with planning(config, size=NARROW) as (run, screen):
        await planned(run, screen, "b")
        run.app.background.chosen = as_ever(replace(screen.chosen, name="once"))
        await run.press("escape", "D")
        again = run.app.screen
        assert isinstance(again, PlanScreen)
        await run.until(lambda: not again.busy, "the plan")

        assert not again.chosen.options.debugger
        assert again.chosen.name is None


async def test_what_fits_no_more_is_forgotten(config: Path) -> None:
    """Where the choices of the last run cannot be meant any more, the plan begins anew."""
    async with planning(config, size=NARROW) as (run, screen):
        run.app.background.chosen = with_options(screen.chosen, keep=("nothing_of_it",))
        await run.press("escape", "D")
        again = run.app.screen
        assert isinstance(again, PlanScreen)
        await run.until(lambda: again.planned is not None and not again.busy, "the plan")

        assert again.chosen.options.keep == ()
        assert "not as the last time" in run.notes


async def test_a_problem_stops_the_start(config: Path) -> None:
    """What a run would fail on comes first, and enter starts nothing."""
    config.write_text(config.read_text().replace("chat.jsonl", "gone.jsonl"))
    async with planning(config) as (run, screen):
        assert "cannot start" in run.screen
        assert "gone.jsonl" in run.screen.splitlines()[4]

        await run.press("enter")
        assert "cannot start" in run.notes
        assert run.app.screen is screen
        assert not (config.parent / ".inspect").exists()


async def test_an_option_that_cannot_be_meant(config: Path) -> None:
    """The plan before stays, and the reason is said."""
    async with planning(config, size=NARROW) as (run, screen):
        before = screen.planned
        await run.press("e", "ctrl+u")
        await run.type("datasets.7.path=x")
        await run.press("enter")
        await run.until(lambda: not screen.busy, "the refusal")

        assert "no such item" in run.notes
        assert screen.planned is before


async def test_the_command_for_a_terminal(config: Path) -> None:
    """What was chosen, as the command line says it."""
    async with planning(config, size=NARROW) as (run, screen):
        await planned(run, screen, "b")
        await run.press("c")

        assert f"inspect-tool debug {config} --no-debugger" in run.notes


async def test_no_config(config: Path) -> None:
    """Without a config there is nothing to plan."""
    app = InspectApp(Request(config.parent), confirms=False)
    async with app.run_test(size=NARROW) as pilot:
        run = Running(app, pilot)
        await run.settled()
        await run.press("D")

        assert "open a YAML" in run.notes


async def test_a_run_that_cannot_be_written(config: Path) -> None:
    """Started where its folder cannot be made, it says so and what to do; nothing runs."""
    (config.parent / ".inspect").write_text("a file in the way")
    async with planning(config, size=NARROW) as (run, screen):
        await planned(run, screen, "b")
        await run.press("enter")
        await run.until(lambda: "cannot be written" in run.screen, "the reason")
        await run.press("3")

        assert "make room on that disk, or run from a folder" in run.screen
