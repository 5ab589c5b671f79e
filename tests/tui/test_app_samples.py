"""Going through a dataset: the keys for samples, the list of rows, its order and its filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tui.projects import TURNS
from tests.tui.running import NARROW, running

if TYPE_CHECKING:
    from tests.tui.projects import Project

NOTHING_TRAINED = next(row for row, (_, answer) in enumerate(TURNS) if not answer)


async def test_first_screen_shows_the_first_row(project: Project) -> None:
    """A YAML opens the dataset it leads to, with its first row's text and trained share."""
    async with running(project.config) as run:
        screen = run.screen

        assert "What is a Dockerfile?" in screen
        assert f"row 0 of {len(TURNS)}" in screen
        assert "trained" in screen


async def test_prepared_folder_opens_with_its_config(project: Project) -> None:
    """A prepared folder finds the config that leads to it, and says that this is assumed."""
    async with running(project.dataset) as run:
        assert "chat.yml (assumed)" in run.screen


async def test_next_and_previous(project: Project) -> None:
    """The keys n and p go through the rows."""
    async with running(project.config) as run:
        await run.press("n", "n", "p")

        assert run.view.row == 1


async def test_there_is_nothing_before_the_first_row(project: Project) -> None:
    """At the end of the rows the app says so and stays."""
    async with running(project.config) as run:
        await run.press("p")

        assert run.view.row == 0
        assert "no row before" in run.notes


async def test_next_problem_and_around(project: Project) -> None:
    """N goes to the row that trains nothing, and comes back to it from behind."""
    async with running(project.config) as run:
        await run.press("N")
        first = run.view.row
        await run.press("n", "N")

        assert (first, run.view.row) == (NOTHING_TRAINED, NOTHING_TRAINED)


async def test_previous_problem(project: Project) -> None:
    """P looks for a problem backwards."""
    async with running(project.config) as run:
        await run.press("n", "P")

        assert run.view.row == NOTHING_TRAINED


async def test_a_row_with_a_problem_names_it(project: Project) -> None:
    """Above a sample with a problem stands the code of what was found."""
    async with running(project.config) as run:
        await run.press("N")

        assert "L-ALL-MASKED" in run.view.query_one("#sample-line").text  # type: ignore[attr-defined]


async def test_checks_that_were_not_run_are_no_problems(project: Project) -> None:
    """They are listed in the panel, and neither it nor the status bar counts them."""
    async with running(project.config) as run:
        await run.press("1")
        known = run.document.known_findings

        assert "F-NOT-RUN" in run.screen
        assert f"1 PROBLEMS {len(known) - 1} " in run.screen


async def test_go_to_row(project: Project) -> None:
    """A colon asks for a row number and goes there."""
    async with running(project.config) as run:
        await run.press("colon", "3", "enter")

        assert run.view.row == 3


async def test_row_that_is_not_there(project: Project) -> None:
    """A number past the end is answered with the range, and the line stays for another try."""
    async with running(project.config) as run:
        await run.press("colon", "9", "9", "enter")

        assert "rows are 0 to 5" in run.screen
        assert run.view.row == 0


async def test_sort_by_length(project: Project) -> None:
    """The key s sorts; the list and n follow the new order."""
    longest_first = sorted(range(len(TURNS)), key=lambda row: -len(TURNS[row][1]))
    async with running(project.config) as run:
        await run.press("s", "down", "enter")
        await run.until(lambda: run.document.order.rows is not None, "the order")

        assert run.document.order.row_at(0) == longest_first[0]
        assert "length ↓" in run.screen


async def test_next_follows_the_order(project: Project) -> None:
    """The key n goes to the next row of the list, not of the file."""
    async with running(project.config) as run:
        await run.press("s", "down", "enter")
        await run.until(lambda: run.document.order.rows is not None, "the order")
        await run.press("n")

        assert run.view.row == run.document.order.row_at(1)


async def test_sorting_shows_the_first_row_of_the_order(project: Project) -> None:
    """Who sorts by length wants to see the longest; the file's order goes back to no row."""
    async with running(project.config) as run:
        await run.press("n", "s", "down", "enter")
        await run.until(lambda: run.document.order.rows is not None, "the order")
        longest = run.view.row
        await run.press("s", "home", "enter")
        await run.until(lambda: run.document.order.rows is None, "the order of the file")

        assert longest == max(range(len(TURNS)), key=lambda row: len(TURNS[row][1]))
        assert run.view.row == longest


async def test_a_filter_leaves_out_the_row_that_is_shown(project: Project) -> None:
    """What is shown is then the first row that the filter lets through."""
    async with running(project.config) as run:
        await run.press("f")
        await run.type("row>2")
        await run.press("enter")
        await run.until(lambda: run.document.order.rows is not None, "the filter")

        assert run.view.row == 3
        assert "not in the list" not in run.screen


async def test_filter(project: Project) -> None:
    """The key f leaves only the rows that fulfil what is typed."""
    async with running(project.config) as run:
        await run.press("f")
        await run.type("trained=0")
        await run.press("enter")
        await run.until(lambda: len(run.document.order) == 1, "the filter")

        assert run.document.order.row_at(0) == NOTHING_TRAINED
        assert "trained=0" in run.screen


async def test_filter_that_cannot_be_read(project: Project) -> None:
    """A condition that does not exist is answered with examples, and nothing changes."""
    async with running(project.config) as run:
        await run.press("f")
        await run.type("color=red")
        await run.press("enter")

        assert "no such condition: color=red" in run.screen
        assert len(run.document.order) == len(TURNS)


async def test_filter_by_a_problem_that_was_not_found(project: Project) -> None:
    """A filter that is well written but cannot be applied is said in passing."""
    async with running(project.config) as run:
        await run.press("f")
        await run.type("problem:L-ZZZ")
        await run.press("enter")
        await run.until(lambda: "no problem L-ZZZ" in run.notes, "the note")

        assert len(run.document.order) == len(TURNS)


async def test_rows_list_opens_a_row(project: Project) -> None:
    """Enter in the list shows the row and gives the focus back to the tokens."""
    async with running(project.config) as run:
        await run.press("r", "down", "down", "enter")

        assert run.view.row == 2
        assert run.app.focused is run.view.tokens


async def test_rows_list_is_there_in_a_narrow_terminal(project: Project) -> None:
    """At 80 columns r brings the list up and puts it away again."""
    async with running(project.config, size=NARROW) as run:
        before = run.bench.rows.is_on_screen
        await run.press("r")
        shown = run.bench.rows.is_on_screen
        await run.press("r")

        assert (before, shown, run.bench.rows.is_on_screen) == (False, True, False)


async def test_cursor_stays_when_the_tokenizer_changes(project: Project) -> None:
    """Reading the same row in other words keeps the cursor on its token."""
    async with running(project.config) as run:
        await run.press("right", "right", "right")
        opened = run.document.opened
        assert opened is not None
        assert opened.vocabulary is not None
        run.view.document = run.document.with_opened(opened.with_vocabulary(opened.vocabulary))
        await run.press("right")

        assert run.view.tokens is not None
        assert run.view.tokens.cursor == 4
