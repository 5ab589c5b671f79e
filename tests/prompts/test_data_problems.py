"""Data that axolotl ends at without naming it is named: the file, the line, what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_worker import WorkerError
from inspect_tool.errors import InspectError
from inspect_tool.prompts.data_problems import data_problem, data_problems_named

if TYPE_CHECKING:
    from pathlib import Path

ROW = '{"messages": []}\n'


def config_of(folder: Path, data: str | None, *, name: str = "data.jsonl") -> Path:
    """Write a config, and its data unless there is none."""
    if data is not None:
        (folder / name).write_text(data)
    config = folder / "train.yml"
    config.write_text(f"base_model: tiny\ndatasets:\n  - path: {name}\n    type: chat_template\n")
    return config


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("null", "no object but null"),
        ("[1, 2]", r"no object but \[1, 2\]"),
        ('{"messages": [', "not valid JSON"),
    ],
)
def test_a_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    """A line that is no JSON object is named by its number, blank lines counted."""
    config = config_of(tmp_path, f"{ROW}\n{line}\n")

    problem = data_problem(config, tmp_path)

    assert problem is not None
    assert problem.place == f"{tmp_path / 'data.jsonl'}:3"
    with pytest.raises(InspectError, match=said):
        raise problem


def test_a_file_without_rows_is_named(tmp_path: Path) -> None:
    """Blank lines are no rows."""
    problem = data_problem(config_of(tmp_path, "\n\n"), tmp_path)

    assert problem is not None
    assert "has no row" in str(problem)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the folder that its path starts from."""
    problem = data_problem(config_of(tmp_path, None, name="data/rows.csv"), tmp_path)

    assert problem is not None
    assert f"no data/rows.csv in {tmp_path}" in str(problem)


@pytest.mark.parametrize("data", [ROW, "[\n" + ROW + "]\n"], ids=["lines", "array"])
def test_good_data_is_no_problem(tmp_path: Path, data: str) -> None:
    """Lines of objects, or one array, are left alone."""
    assert data_problem(config_of(tmp_path, data), tmp_path) is None


def test_a_worker_that_died_of_something_else_is_told_of(tmp_path: Path) -> None:
    """Its own words stay where the data is good."""
    config = config_of(tmp_path, ROW)

    with pytest.raises(WorkerError, match="signal 9"), data_problems_named(config, tmp_path):
        raise WorkerError("the axolotl worker died of signal 9")
