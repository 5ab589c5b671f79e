"""What is shown at which size, and what a person can switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.tui.arrange import Wishes, arrange
from tests.tui.running import NARROW, WIDE, running

if TYPE_CHECKING:
    from tests.tui.projects import Project


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((50, 20), (False, False, False)),
        ((80, 24), (False, False, False)),
        ((110, 30), (False, False, True)),
        ((130, 24), (False, True, True)),
        ((160, 48), (True, True, True)),
    ],
)
def test_panes_fold_away_by_size(size: tuple[int, int], shown: tuple[bool, bool, bool]) -> None:
    """The smaller the terminal, the more of it the tokens get."""
    panes = arrange(*size, Wishes(), dataset=True)

    assert (panes.explorer, panes.rows, panes.inspector) == shown


@pytest.mark.parametrize("size", [(50, 20), (80, 24), (160, 48)])
def test_what_is_wished_is_shown(size: tuple[int, int]) -> None:
    """Asked for, every pane is there at any size, and leaves the tokens some room."""
    panes = arrange(*size, Wishes(True, True, True, panel=True), dataset=True)

    assert panes.explorer
    assert panes.rows
    assert panes.inspector
    assert panes.side_width + panes.inspector_width < size[0]
    assert 0 < panes.panel_height < size[1] // 2


@pytest.mark.parametrize("width", [40, 80, 200])
def test_explorer_is_there_when_nothing_is_open(width: int) -> None:
    """Without a dataset there is nothing else to use."""
    panes = arrange(width, 24, Wishes(), dataset=False)

    assert (panes.explorer, panes.rows, panes.inspector) == (True, False, False)


async def test_narrow_terminal_tells_the_token_in_one_line(project: Project) -> None:
    """Without an inspector one line says what the token under the cursor is."""
    async with running(project.config, size=NARROW) as run:
        await run.press("right")

        assert "token 1 of 23" in run.screen
        assert "masked (-100)" in run.screen


async def test_inspector_follows_the_cursor(project: Project) -> None:
    """In a wide terminal the inspector shows the token under the cursor."""
    async with running(project.config, size=WIDE) as run:
        await run.press("end")
        facts = {fact.label: fact.value for fact in run.bench.inspector.facts}

        assert facts["text"] == "<|im_end|>"


async def test_resizing_folds_and_unfolds(project: Project) -> None:
    """Panes come and go with the size of the terminal."""
    async with running(project.config, size=NARROW) as run:
        await run.pilot.resize_terminal(*WIDE)
        await run.until(lambda: run.bench.inspector.is_on_screen, "the inspector")
        await run.pilot.resize_terminal(*NARROW)
        await run.until(lambda: not run.bench.inspector.is_on_screen, "the fold")

        assert "What is a Dockerfile?" in run.screen


async def test_a_pane_that_is_shown_takes_the_focus_first(project: Project) -> None:
    """The key of a visible list goes there; pressed again it puts the list away."""
    async with running(project.config, size=WIDE) as run:
        await run.press("e")
        there = run.app.focused
        await run.press("e")

        assert there is run.bench.explorer
        assert not run.bench.explorer.is_on_screen
        assert run.app.focused is run.view.tokens


async def test_escape_leads_back_to_the_tokens(project: Project) -> None:
    """From any list escape goes back to reading."""
    async with running(project.config, size=WIDE) as run:
        await run.press("r", "escape")

        assert run.app.focused is run.view.tokens


async def test_panel_shows_and_hides(project: Project) -> None:
    """The key ctrl+j brings the panel up, and puts it away again."""
    async with running(project.config, size=NARROW) as run:
        await run.press("ctrl+j")
        shown = "1 PROBLEMS" in run.screen
        await run.press("ctrl+j")

        assert shown
        assert "1 PROBLEMS" not in run.screen
        assert run.app.focused is run.view.tokens


async def test_panel_pages(project: Project) -> None:
    """The digits turn to the panel's pages."""
    async with running(project.config, size=NARROW) as run:
        focused = []
        for key in ("1", "2", "3"):
            await run.press(key)
            focused.append(run.app.focused.id if run.app.focused else None)

        assert focused == ["problems", "matches", "output"]


async def test_tab_goes_through_the_panes(project: Project) -> None:
    """Tab comes back to the tokens after going through every pane."""
    async with running(project.config, size=WIDE) as run:
        seen = []
        for _ in range(6):
            await run.press("tab")
            seen.append(run.app.focused)

        assert {run.bench.explorer, run.bench.rows, run.view.tokens} <= set(seen)


async def test_theme_switches_between_light_and_dark(project: Project) -> None:
    """The key t changes to light and back, and what is on the screen stays."""
    async with running(project.config) as run:
        text = run.screen
        await run.press("t")
        light = run.app.theme
        same = run.screen == text
        await run.press("t")

        assert (light, run.app.theme) == ("inspect-light", "inspect-dark")
        assert same


async def test_click_on_a_row_shows_it(project: Project) -> None:
    """A click in the list of rows shows that row."""
    async with running(project.config, size=WIDE) as run:
        await run.pilot.click(run.bench.rows, offset=(4, 3))
        await run.until(lambda: run.view.row == 3, "the row")


async def test_click_on_the_problems_count_opens_the_panel(project: Project) -> None:
    """What the status bar counts can be clicked."""
    async with running(project.config, size=WIDE) as run:
        at = run.screen.splitlines()[-2].index("✖")
        await run.pilot.click("#status", offset=(at, 0))
        await run.until(lambda: "L-ALL-MASKED" in run.screen, "the problems")
