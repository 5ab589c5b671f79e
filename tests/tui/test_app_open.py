"""Opening: whatever a path means, what is wrong with it shows in the app and the rest works on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.tui.app import run_app
from inspect_tool.tui.widgets.page import Page
from tests.arrow_files import write_state
from tests.tui.projects import TURNS, write_config, write_dataset
from tests.tui.running import NARROW, WIDE, running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.projects import Project


async def test_directory_opens_the_explorer(project: Project) -> None:
    """A directory shows what can be opened in it, and nothing is open yet."""
    async with running(project.root) as run:
        assert "chat.yml" in run.screen
        assert "no dataset open" in run.screen
        assert run.app.focused is run.bench.explorer


async def test_explorer_opens_a_config(project: Project) -> None:
    """Enter in the explorer opens what is under its cursor."""
    async with running(project.root) as run:
        await run.press("enter")
        await run.until(lambda: run.app.view, "the tab")

        assert "What is a Dockerfile?" in run.screen


async def test_explorer_lists_splits_and_goes_to_them(project: Project) -> None:
    """The splits of an open dataset are listed with their rows; enter goes to the first one."""
    async with running(project.config) as run:
        await run.press("e", "end", "enter")

        assert "eval" in run.screen
        assert run.view.row == len(TURNS) - 2


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=str)
async def test_what_to_do_while_nothing_is_open(project: Project, size: tuple[int, int]) -> None:
    """Beside the explorer stands what can be opened and by which key, until something is."""
    async with running(project.root, size=size) as run:
        before = run.screen
        await run.press("enter")
        await run.until(lambda: run.app.view, "the tab")
        opened = run.screen
        await run.press("ctrl+w")

        assert "enter  open what is marked" in before
        assert "open what is marked" not in opened
        assert "enter  open what is marked" in run.screen


async def test_directory_without_anything(tmp_path: Path) -> None:
    """An empty directory says so, and how to open another path."""
    (tmp_path / ".git").mkdir()
    async with running(tmp_path) as run:
        assert "nothing to open here" in run.screen
        assert "No axolotl YAML, prepared dataset or run lies below" in run.screen


async def test_same_path_is_one_tab(project: Project) -> None:
    """Opening again what is open turns to its tab."""
    async with running(project.config) as run:
        await run.press("o")
        await run.paste(project.config)
        await run.press("enter")

        assert len(run.bench.views) == 1


async def test_open_path_that_is_not_there(project: Project) -> None:
    """A path that does not exist is answered in the line."""
    async with running(project.config) as run:
        await run.press("o")
        await run.type("nowhere")
        await run.press("enter")

        assert "no such file or folder" in run.screen


async def test_tabs(project: Project) -> None:
    """A second path opens a second tab; > and < turn, ctrl+w closes."""
    async with running(project.config) as run:
        await run.press("o")
        await run.type("other.yml")
        await run.press("enter")
        await run.until(lambda: len(run.bench.views) == 2, "the second tab")
        second = run.document.title
        await run.press("less_than_sign")
        first = run.document.title
        await run.press("greater_than_sign", "ctrl+w")

        assert (first, second) == ("chat.yml", "other.yml")
        assert [view.document.title for view in run.bench.views] == ["chat.yml"]


async def test_last_tab_closed_leaves_the_explorer(project: Project) -> None:
    """Without a tab there is the explorer to go on from."""
    async with running(project.config) as run:
        await run.press("ctrl+w")

        assert run.app.focused is run.bench.explorer
        assert "no dataset open" in run.screen


async def test_config_that_is_not_prepared(project: Project) -> None:
    """A config without a prepared folder says so and offers to prepare it."""
    async with running(project.root / "other.yml") as run:
        assert "other.yml is not prepared yet" in run.screen
        assert "prepare it now with axolotl" in run.screen


async def test_file_that_is_no_config(project: Project) -> None:
    """A YAML of another kind names what it lacks, with the file, and another path can be opened."""
    strange = project.root / "compose.yml"
    strange.write_text("services: {}\n")
    async with running(strange) as run:
        assert "it names no base_model" in run.screen
        assert "compose.yml" in run.screen
        await run.press("o")
        await run.type("chat.yml")
        await run.press("enter")
        await run.until(lambda: run.view.sample, "the dataset")

        assert "What is a Dockerfile?" in run.screen


def test_path_that_does_not_exist(tmp_path: Path) -> None:
    """A path that is not there is refused before there is an app."""
    with pytest.raises(InspectError, match="no such file or folder"):
        run_app(tmp_path / "nowhere")


async def test_missing_shard_costs_that_shard(project: Project) -> None:
    """A shard that is listed but gone is named in Problems; the other's rows are shown."""
    write_state(project.dataset, [project.shard.name, "data-00001-of-00002.arrow"])
    async with running(project.config) as run:
        await run.press("ctrl+j")

        assert "What is a Dockerfile?" in run.screen
        assert "data-00001-of-00002.arrow" in "".join(run.screen.split())  # it may be folded


async def test_damaged_shard_shows_what_is_intact(project: Project) -> None:
    """A shard cut short is named with what of it can be read."""
    data = project.shard.read_bytes()
    project.shard.write_bytes(data[: len(data) - 600])
    async with running(project.config) as run:
        await run.press("1")

        assert "✖ L-DAMAGED" in run.screen


async def test_dataset_that_cannot_be_read_at_all(project: Project) -> None:
    """A folder whose only shard is no Arrow file says so, names it, and offers to try again."""
    project.shard.write_bytes(b"not arrow")
    async with running(project.config) as run:
        broken = run.view.query_one(Page).text
        listed = [finding.code for finding in run.document.known_findings]
        write_dataset(project.dataset, project.tokenizer)
        await run.press("ctrl+r")
        await run.until(lambda: run.view.sample, "the mended dataset")

        assert project.shard.name in broken
        assert "F-UNREADABLE" in listed
        assert "What is a Dockerfile?" in run.screen


async def test_a_page_longer_than_its_room_scrolls(project: Project) -> None:
    """What is wrong can be read to its end, and the keys below it, in the smallest terminal."""
    project.shard.write_bytes(b"not arrow")
    async with running(project.config, size=(60, 12)) as run:
        before = run.screen
        await run.press("end")
        await run.until(lambda: "?  every key" in run.screen, "the end of the page")

        assert "?  every key" not in before


async def test_dataset_without_rows(project: Project) -> None:
    """A valid dataset of no rows is said to be one."""
    write_dataset(project.dataset, project.tokenizer, rows=0)
    async with running(project.config) as run:
        await run.press("1")

        assert "The dataset has no rows" in run.screen
        assert "✖ L-EMPTY" in run.screen


async def test_missing_tokenizer_shows_ids(project: Project) -> None:
    """Without a tokenizer ids are shown, with the key that names one."""
    project.config.unlink()
    async with running(project.dataset, size=NARROW) as run:
        first = run.view.sample.sequences[0].ids[0] if run.view.sample else -1

        assert str(first) in run.screen
        assert "no tokenizer (ctrl+t)" in run.screen


async def test_tokenizer_is_named_in_the_app(project: Project) -> None:
    """ctrl+t names a tokenizer folder, and the same row is then text."""
    project.config.unlink()
    async with running(project.dataset) as run:
        await run.press("n", "ctrl+t")
        await run.paste(project.tokenizer)
        await run.press("enter")
        await run.until(lambda: "Say it in" in run.screen, "the text")

        assert run.view.row == 1


async def test_tokenizer_that_is_not_there(project: Project) -> None:
    """A wrong tokenizer leaves the ids, and Problems says what was not found."""
    async with running(project.config, tokenizer="/nowhere/at/all") as run:
        await run.press("1")

        assert "/nowhere/at/all" in run.screen
        assert run.view.sample is not None


async def test_several_configs_are_a_choice(project: Project) -> None:
    """c lists every config that leads to the dataset; the one chosen is then shown."""  # noqa: D403
    write_config(project.root / "second.yml", project.tokenizer)
    async with running(project.dataset) as run:
        before = run.screen
        await run.press("c", "down", "enter")
        await run.until(lambda: run.document.title == "second.yml", "the other config")

        assert "1 other possible" in before


async def test_no_config_can_be_named(project: Project) -> None:
    """Where no config leads to the dataset, c asks for one."""
    elsewhere = project.root / "moved" / "rows"
    shutil.copytree(project.dataset, elsewhere)
    async with running(elsewhere) as run:
        await run.press("c")
        await run.type("chat.yml")
        await run.press("enter")
        await run.until(lambda: run.document.title == "chat.yml", "the config")

        assert "What is a Dockerfile?" in run.screen


async def test_dataset_written_again_while_open(project: Project) -> None:
    """New files on disk are noticed and said; ctrl+r opens them."""
    async with running(project.config) as run:
        shutil.rmtree(project.dataset)
        write_dataset(project.dataset, project.tokenizer, rows=2)
        run.app.look_at_disk()
        await run.until(lambda: run.document.changed_on_disk, "the notice")
        said = run.notes
        await run.press("ctrl+r")
        await run.until(lambda: run.document.order.total == 2, "the new rows")

        assert "written again on disk" in said


async def test_file_cut_while_open_is_an_error_not_a_crash(project: Project) -> None:
    """Rows of a file that shrank under the app say so, and the app goes on."""
    async with running(project.config) as run:
        project.shard.write_bytes(b"")
        await run.press("n")

        assert "overwritten while it was open" in run.screen


async def test_problem_leads_to_its_rows(project: Project) -> None:
    """Enter on a problem shows its first row."""
    async with running(project.config, size=NARROW) as run:
        await run.press("1", "enter")

        assert run.view.row == 4
