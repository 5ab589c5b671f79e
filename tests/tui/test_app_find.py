"""Finding text and token ids: in the sample that is shown, and across the dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.samples.vocabulary import Vocabulary
from inspect_tool.tui.document import Request
from tests.tui.running import running

if TYPE_CHECKING:
    from tests.tui.projects import Project
    from tests.tui.running import Running

NEEDLES = [(2, 1), (5, 3)]
"""Rows that say "needle", and how often."""


def text_at_cursor(run: Running) -> str:
    """Return the text of the token under the cursor and the few after it."""
    tokens, sequence = run.view.tokens, run.view.sequence
    opened = run.document.opened
    assert tokens is not None
    assert sequence is not None
    assert opened is not None
    assert opened.vocabulary is not None
    return opened.vocabulary.decode(sequence.ids[tokens.cursor : tokens.cursor + 6])


async def find(run: Running, text: str) -> None:
    """Find a text in the sample."""
    await run.press("slash")
    await run.type(text)
    await run.press("enter")


async def search(run: Running, text: str) -> None:
    """Search all rows and wait for the end of it."""
    await run.press("ctrl+f")
    await run.type(text)
    await run.press("enter")
    panel = await run.bench.panel()
    await run.until(
        lambda: panel.matches.found is not None and panel.matches.found.done, "the search"
    )


async def test_find_moves_the_cursor(project: Project) -> None:
    """Enter puts the cursor on the token in which the text begins, and says which of how many."""
    async with running(project.config) as run:
        await find(run, "Dockerfile")

        assert "Dockerfile" in text_at_cursor(run)
        assert "1 of 1" in run.screen


async def test_find_goes_on_and_back(project: Project) -> None:
    """Enter again goes to the next match, arrow up back to the one before."""
    async with running(project.config) as run:
        run.view.row = 5
        await find(run, "needle")
        first = run.view.tokens.cursor if run.view.tokens else -1
        await run.press("enter")
        second = run.view.tokens.cursor if run.view.tokens else -1
        await run.press("up")

        assert run.view.tokens is not None
        assert second > first == run.view.tokens.cursor


async def test_find_by_token_id(project: Project) -> None:
    """`#` and a number finds a token by its id."""
    end = Vocabulary.load(project.tokenizer).pieces.index("<|im_end|>")
    async with running(project.config) as run:
        await find(run, f"#{end}")

        assert text_at_cursor(run).startswith("<|im_end|>")


async def test_find_what_is_not_there(project: Project) -> None:
    """A text that is not in the sample points to the search across rows."""
    async with running(project.config) as run:
        await find(run, "zebra")

        assert "not in this sample" in run.screen


async def test_escape_closes_the_line_and_f3_goes_on(project: Project) -> None:
    """After escape the tokens have the keys again, and f3 still finds the next match."""
    async with running(project.config) as run:
        run.view.row = 5
        await find(run, "needle")
        await run.press("escape", "f3")

        assert run.app.focused is run.view.tokens
        assert run.view.tokens.match_place == (2, 3)  # type: ignore[union-attr]


async def test_search_lists_every_match(project: Project) -> None:
    """A search lists each match of every row, with its row and its context."""
    async with running(project.config) as run:
        await search(run, "needle")

        assert f"{sum(count for _, count in NEEDLES)} matches of needle" in run.screen
        assert "Where is the needle?" in run.screen


async def test_chosen_match_is_shown(project: Project) -> None:
    """Enter on a match goes to its row, with the cursor on its first token."""
    async with running(project.config) as run:
        await search(run, "needle")
        await run.press("down", "enter")

        assert run.view.row == 5
        assert "needle" in text_at_cursor(run)


async def test_search_for_nothing_that_is_there(project: Project) -> None:
    """No match is an answer too."""
    async with running(project.config) as run:
        await search(run, "zebra")

        assert "0 matches of zebra" in run.screen


async def test_new_search_takes_the_place_of_the_old(project: Project) -> None:
    """The list holds the matches of the latest search only."""
    async with running(project.config) as run:
        await search(run, "needle")
        await search(run, "Dockerfile")

        assert "1 match of Dockerfile" in run.screen


async def test_text_search_without_a_tokenizer(project: Project) -> None:
    """Without a tokenizer the line itself says that only ids can be found."""
    project.config.unlink()
    async with running(project.dataset) as run:
        await run.press("ctrl+f")
        await run.type("needle")
        await run.press("enter")

        assert "text cannot be found without a tokenizer" in run.screen


async def test_match_of_another_tab_turns_to_it(project: Project) -> None:
    """A match is shown in the dataset that was searched, not in the tab that happens to be open."""
    async with running(project.config) as run:
        searched = run.view
        await search(run, "needle")
        run.app.open(Request(project.dataset))
        await run.until(lambda: len(run.bench.views) == 2, "the second tab")
        await run.press("2", "down", "enter")

        assert run.view is searched
        assert searched.row == 5


async def test_match_of_a_closed_tab(project: Project) -> None:
    """Matches of a dataset that was closed say so."""
    async with running(project.config) as run:
        await search(run, "needle")
        await run.press("ctrl+w", "2", "enter")

        assert "is closed" in run.notes
