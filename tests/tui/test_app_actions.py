"""The action table: bindings, palette, help and footer all derive from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.tui.actions import ACTIONS, GROUPS, Action, spoken
from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.chrome import hints
from inspect_tool.tui.screens.help import help_groups
from inspect_tool.tui.widgets.token_view import TokenView
from tests.tui.running import NARROW, running

if TYPE_CHECKING:
    from tests.tui.projects import Project


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_carried_out(action: Action) -> None:
    """The app has the method that an action names."""
    assert hasattr(InspectApp, f"action_{action.id.partition('(')[0]}")


def test_no_key_means_two_things() -> None:
    """A key is bound once, and none of them takes a key of the token view away."""
    keys = [key for action in ACTIONS for key in action.keys]
    tokens = {key for cls in TokenView.__mro__ for key in _keys(cls)}

    assert len(keys) == len(set(keys))
    assert not tokens & set(keys)


def _keys(cls: type) -> list[str]:
    bindings = cls.__dict__.get("BINDINGS", []) if issubclass(cls, TokenView.__mro__[1]) else []
    return [key for binding in bindings for key in binding.key.split(",")]


def test_every_group_is_shown_in_help() -> None:
    """No action is in a group that the help screen does not have."""
    assert {action.group for action in ACTIONS} == set(GROUPS)


def test_help_has_every_action() -> None:
    """The help screen lists each action's title with its keys."""
    listed = {(keys, does) for _, entries in help_groups() for keys, does in entries}

    assert {("  ".join(map(spoken, a.keys)), a.title) for a in ACTIONS} <= listed


def test_footer_without_a_dataset() -> None:
    """While nothing is open the footer names only what does something then."""
    words = {part.text.strip() for part in hints(None)}

    assert "open" in words
    assert not words & {"next", "diff", "live", "debug", "scale"}


@pytest.mark.parametrize(("key", "said"), [("ctrl+pagedown", "ctrl+page down"), ("colon", ":")])
def test_keys_are_named_as_people_say_them(key: str, said: str) -> None:
    """Textual's names of keys become those on the keyboard."""
    assert spoken(key) == said


async def test_help_screen(project: Project) -> None:
    """A question mark shows the keys, escape puts them away."""
    async with running(project.config) as run:
        await run.press("question_mark")
        shown = run.screen
        await run.press("escape")

        assert "Next sample" in shown
        assert "Previous span" in shown
        assert run.app.screen is run.bench


async def test_palette_runs_an_action(project: Project) -> None:
    """The command palette finds an action by its title and runs it."""
    async with running(project.config, size=NARROW) as run:
        await run.press("ctrl+p")
        await run.type("Next sample")
        await run.until(lambda: "Next sample" in run.screen, "the command")
        await run.press("enter")
        await run.until(lambda: run.view.row == 1, "the next row")


async def test_palette_has_every_action(project: Project) -> None:
    """Each action, and each key of the token view, is a command."""
    async with running(project.config) as run:
        titles = {command.title for command in run.app.get_system_commands(run.app.screen)}

        assert {a.title for a in ACTIONS if a.id != "command_palette"} <= titles
        assert "Next span" in titles


async def test_no_sample_key_does_harm_without_a_dataset(project: Project) -> None:
    """Every key can be pressed with nothing open."""
    async with running(project.root) as run:
        for action in ACTIONS:
            if action.id not in {"quit", "command_palette", "help"}:
                await run.app.run_action(f"app.{action.id}")
                await run.press("escape")

        assert run.app.view is None


async def test_a_footer_hint_can_be_clicked(project: Project) -> None:
    """A click on a hint runs its action."""
    async with running(project.config) as run:
        bar = run.bench.query_one("#hints")
        at = run.screen.splitlines()[-1].index("n next")
        await run.pilot.click(bar, offset=(at, 0))
        await run.until(lambda: run.view.row == 1, "the next row")


async def test_quit(project: Project) -> None:
    """The key q ends the app."""
    async with running(project.config) as run:
        await run.press("q")

        assert run.app.return_code == 0
