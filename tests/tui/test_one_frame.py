"""All that a key changes is in the frame that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.tui.widgets.bar import Bar
from tests.tui.running import running

if TYPE_CHECKING:
    from tests.tui.projects import Project


async def test_the_inspector_changes_with_the_cursor(project: Project) -> None:
    """Its facts are those of the token under the cursor before anything is drawn."""
    async with running(project.config) as run:
        assert run.view.tokens is not None
        run.view.tokens.cursor = 5
        facts = {fact.label: fact.value for fact in run.bench.inspector.facts}

        assert facts["position"].startswith("5 of ")


async def test_the_status_bar_changes_with_the_cursor(project: Project) -> None:
    """It tells the new place before anything is drawn."""
    async with running(project.config) as run:
        assert run.view.tokens is not None
        run.view.tokens.cursor = 5

        assert "token 5 of" in run.bench.query_one("#status", Bar).text


async def test_the_list_of_rows_changes_with_the_row(project: Project) -> None:
    """It marks the new row before anything is drawn."""
    async with running(project.config) as run:
        run.view.row = 2

        assert run.bench.rows.current == 2
