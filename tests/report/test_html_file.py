"""Writing the page: whole or not at all, and never over something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.opened import open_path
from inspect_tool.report.html import Contents
from inspect_tool.report.html_file import refuse_other_files, write_page
from inspect_tool.samples.checks.run import check
from tests.arrow_files import answered, save, supervised
from tests.report.html_pages import MADE, page_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A prepared folder of three rows."""
    return save(tmp_path / "rows", supervised([answered(range(5, 25), prompt=9)] * 3))


def test_a_report_may_be_written_again(folder: Path, tmp_path: Path) -> None:
    """An earlier report is replaced."""
    file = page_of(folder, tmp_path / "report.html", limit=0)
    shorter = file.stat().st_size

    page_of(folder, file)

    assert file.stat().st_size > shorter


def test_an_empty_file_may_be_written(folder: Path, tmp_path: Path) -> None:
    """A file that holds nothing holds nothing to lose."""
    (tmp_path / "new.html").touch()

    assert page_of(folder, tmp_path / "new.html").stat().st_size > 0


@pytest.mark.parametrize("content", ["base_model: tiny\n", "<!DOCTYPE html><title>mine</title>"])
def test_other_files_are_left_alone(content: str, folder: Path, tmp_path: Path) -> None:
    """A config or another page is not overwritten."""
    mine = tmp_path / "mine"
    mine.write_text(content, encoding="utf-8")

    with pytest.raises(InspectError, match="no report of this tool"):
        page_of(folder, mine)

    assert mine.read_text("utf-8") == content


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder is refused with a name that would do."""
    with pytest.raises(InspectError, match=r"report\.html"):
        refuse_other_files(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing folder is refused with the command that makes it."""
    with pytest.raises(InspectError, match="mkdir -p"):
        refuse_other_files(tmp_path / "missing" / "report.html")


def test_a_page_that_fails_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    """When writing fails half-way the earlier page stays, and no other file."""
    file = page_of(folder, tmp_path / "report.html")
    before = file.read_bytes()
    opened = open_path(folder)
    contents = Contents(opened, check(opened.dataset, None), rows=[0, 99], made=MADE)

    with pytest.raises(IndexError):
        write_page(contents, file)

    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "rows"]
