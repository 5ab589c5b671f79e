"""``inspect-tool report`` as a person runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.arrow_files import answered, save, supervised
from tests.processes import run
from tests.report.html_pages import read_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A prepared folder of 30 rows, row 7 of which trains nothing."""
    rows = [answered(range(300 + 20 * n, 320 + 20 * n), prompt=9) for n in range(30)]
    rows[7] = answered(range(440, 460), prompt=20)
    return save(tmp_path / "rows", supervised(rows))


def _rows(file: Path) -> list[int]:
    articles = read_page(file).all("article", of_class="sample")
    return [int(article.attributes["id"].removeprefix("row-")) for article in articles]


def test_a_page_is_written(folder: Path, tmp_path: Path, mistral_dir: Path) -> None:
    """The page is at the name given, and one line says what it shows."""
    file = tmp_path / "report.html"

    done = run("report", folder, "-o", file, "--tokenizer", mistral_dir)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{file}: 20 of 30 rows shown, ")
    assert _rows(file)[0] == 7


def test_rows_can_be_asked_for(folder: Path, tmp_path: Path, mistral_dir: Path) -> None:
    """--row shows these rows alone, in their order."""
    file = tmp_path / "report.html"

    run("report", folder, "-o", file, "--row", 25, "--row", 3, "--tokenizer", mistral_dir)

    assert _rows(file) == [25, 3]


def test_the_number_of_rows_can_be_asked_for(
    folder: Path, tmp_path: Path, mistral_dir: Path
) -> None:
    """--limit says how many samples the page shows."""
    file = tmp_path / "report.html"

    run("report", folder, "-o", file, "--limit", 4, "--tokenizer", mistral_dir)

    assert _rows(file) == [7, 0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "{tmp}/report.html", "--row", "99"], "its rows are 0 to 29"),
        (["-o", "{tmp}"], "a folder, not a file"),
        (["-o", "{tmp}/no/report.html"], "mkdir -p"),
        (["-o", "{tmp}/rows/state.json"], "no report of this tool"),
        ([], "--output"),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], said: str, folder: Path, tmp_path: Path
) -> None:
    """What a person can get wrong is told in one line, with status 2, and writes nothing."""
    before = sorted(tmp_path.rglob("*"))

    done = run("report", folder, *(word.format(tmp=tmp_path) for word in arguments))

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_tokenizer_is_told(folder: Path, tmp_path: Path) -> None:
    """Without a tokenizer the page shows ids, and stderr says which flag names one."""
    done = run("report", folder, "-o", tmp_path / "report.html")

    assert done.returncode == 0
    assert "--tokenizer" in done.stderr


def test_help_shows_an_example() -> None:
    """--help tells how it is used."""
    assert "inspect-tool report qlora.yml -o report.html" in run("report", "--help").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe",
    ["chat-chatml", "packed", "process-reward", "reward-model", "dpo", "kto", "grpo", "completion"],
)
def test_every_kind_has_a_page(
    recipe: str, prepared: Callable[[str | Path], Path], tmp_path: Path
) -> None:
    """What axolotl prepares of any kind becomes a page with its rows and its config."""
    config = prepared(recipe).parent / "config.yml"
    file = tmp_path / "report.html"

    done = run("report", config, "-o", file)

    page = read_page(file)
    assert done.returncode == 0
    assert page.all("article", of_class="sample")
    assert page.by_id("config").all(of_class="line")
