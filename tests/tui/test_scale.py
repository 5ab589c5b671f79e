"""The Scale screen: a config on many processes, asked for and changed by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.tui.screens.scale import ScaleScreen
from tests.tui.running import NARROW, WIDE, Running, running

if TYPE_CHECKING:
    from tests.tui.projects import Project


async def scale_screen(run: Running) -> ScaleScreen:
    """Open the screen and wait for its first plan."""
    await run.press("S")
    screen = run.app.screen
    assert isinstance(screen, ScaleScreen)
    await run.until(lambda: not screen.busy, "plan")
    return screen


async def planned(run: Running, screen: ScaleScreen) -> None:
    """Wait for the plan of what is asked for now."""
    await run.until(
        lambda: screen.plan is not None and screen.plan.options is screen.options, "another plan"
    )


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "160x48"])
async def test_batches_and_findings_are_shown(project: Project, size: tuple[int, int]) -> None:
    """Numbers and findings are on the screen at once, also in 80 columns."""
    async with running(project.config, size=size) as run:
        await scale_screen(run)

        assert "8 processes  ·  1 machine  ·  ddp (as the YAML asks)" in run.screen
        assert "= rows a step" in run.screen
        assert "▲ P-GLOBAL-BATCH" in run.screen


async def test_plus_doubles_the_processes(project: Project) -> None:
    """+ and - take twice and half as many, and the batch follows."""
    async with running(project.config) as run:
        screen = await scale_screen(run)
        await run.press("plus")
        await planned(run, screen)

        assert screen.plan is not None
        assert screen.plan.schedule.processes == 16
        await run.press("minus", "minus")
        await planned(run, screen)
        assert "4 processes" in run.screen


async def test_machines_that_do_not_divide_are_refused(project: Project) -> None:
    """What cannot be is said where it was typed, and the plan stays."""
    async with running(project.config) as run:
        screen = await scale_screen(run)
        await run.press("p")
        await run.until(lambda: bool(screen.query("PromptBar")), "the question")
        await run.press("ctrl+u")
        await run.type("7 2")
        await run.press("enter")

        assert "7 processes do not divide by 2 machines" in run.screen
        assert screen.options.processes == 8


async def test_the_gpu_decides_whether_it_fits(project: Project) -> None:
    """A GPU is named by hand; one that nobody knows is refused with those that are known."""
    async with running(project.config) as run:
        screen = await scale_screen(run)
        await run.press("g")
        await run.until(lambda: bool(screen.query("PromptBar")), "the question")
        await run.type("gtx")
        await run.press("enter")
        assert "not a known GPU" in run.screen
        await run.press("ctrl+u")
        await run.type("24gb")
        await run.press("enter")
        await planned(run, screen)

        assert "GPU 24gb" in run.screen


async def test_the_fleet_that_the_yaml_is_meant_for(project: Project) -> None:
    """Tuned on as many as asked for, a step holds what it should, and no rate is advised."""
    async with running(project.config) as run:
        screen = await scale_screen(run)
        assert "A step holds 8 times the rows" in run.screen
        await run.press("n", "ctrl+u")
        await run.type("8")
        await run.press("enter")
        await planned(run, screen)

        assert "tuned on 8" in run.screen
        assert "times the rows" not in run.screen


async def test_another_strategy_says_what_it_changes(project: Project) -> None:
    """The commands run a copy of the YAML then; each changed key has its reason."""
    async with running(project.config) as run:
        screen = await scale_screen(run)
        await run.press("s", "down", "down", "enter")
        await planned(run, screen)

        assert "what fsdp changes in the copy" in run.screen
        assert "fsdp_version: 2;" in run.screen


async def test_a_command_is_copied_with_its_files(project: Project) -> None:
    """C copies what is chosen, and the files that it names are written below .inspect."""
    async with running(project.config) as run:
        screen = await scale_screen(run)
        await run.press("c")
        await run.press("enter")

        assert "accelerate launch --config_file" in run.app.clipboard
        assert screen.plan is not None
        assert (screen.plan.folder / "accelerate.yml").exists()


async def test_without_a_config_it_says_so(project: Project) -> None:
    """A folder without a YAML has nothing to scale."""
    async with running(project.root) as run:
        await run.press("S")

        assert "no config to scale" in run.notes
