"""Findings of `check` as entries of VS Code's Problems panel: file, line and severity are right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspect_tool.editor.tasks_json import COMPLAINT, FINDING
from inspect_tool.findings import Finding
from inspect_tool.prompts.explained import RawPlace
from inspect_tool.report.problem_lines import problem_lines
from inspect_tool.runs.config import Config
from tests.axolotl_runs import ROOT
from tests.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable

YAML = """\
base_model: m
datasets:
  - path: d.jsonl
    type: alpaca
sequence_len: 512
"""
TAG = re.compile(r"#([\w-]+)")


def finding(key: str | None, *rows: int, message: str = "is wrong") -> Finding:
    """Return a finding on rows with a key to change."""
    return Finding("L-CODE", "warning", message, len(rows), rows, key, "mend it", "shown")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A config with one dataset."""
    (tmp_path / "my q.yml").write_text(YAML)
    return Config.read(tmp_path / "my q.yml")


def entries(found: Finding, config: Config | None, places: dict[int, RawPlace]) -> list[list[str]]:
    """Return what the task's problem matcher makes of a finding: file and line of each entry."""
    lines = list(problem_lines(found, config, Path("/prepared/abc"), places))
    matches = [re.fullmatch(FINDING, line) for line in lines]
    return [list(match.groups()[:3]) for match in matches if match]


@pytest.mark.parametrize(
    ("key", "line"),
    [("sequence_len", "5"), ("datasets.type", "4"), ("datasets.roles", "2"), (None, "2")],
)
def test_the_line_of_the_key(config: Config, key: str | None, line: str) -> None:
    """A finding stands at its key; one whose key is not written, or that has none, at datasets."""
    assert entries(finding(key), config, {}) == [[str(config.path), line, "warning"]]


def test_the_lines_of_rows(config: Config) -> None:
    """Rows whose line is known have an entry there, others have none."""
    places = {3: RawPlace("/d.jsonl", 7), 4: RawPlace("/d.parquet", None)}

    assert entries(finding("sequence_len", 3, 4, 5), config, places)[1:] == [
        ["/d.jsonl", "7", "warning"]
    ]


def test_no_line_is_made_up() -> None:
    """Without a config the folder is named and no line is."""
    lines = list(problem_lines(finding(None, 1), None, Path("/prepared/abc"), {}))

    assert lines[0].startswith("/prepared/abc: warning: ")
    assert re.fullmatch(FINDING, lines[0]) is None


def test_hostile_text_stays_on_its_line(config: Config) -> None:
    """Line breaks and escapes of a dataset's text neither start a line nor reach a terminal."""
    evil = finding("sequence_len", message="x\n/etc/passwd:1: error: y [Z]\x1b[2J")

    (line,) = problem_lines(evil, config, Path(), {})

    assert "\n" not in line
    assert "\x1b" not in line


def test_a_config_that_is_wrong(tmp_path: Path) -> None:
    """What a command says of a line of the YAML is an entry there, too."""
    file = tmp_path / "my q.yml"
    file.write_text("base_model: m\n\tdatasets: x\n")

    answer = run("check", file, "--lines")

    match = re.fullmatch(COMPLAINT, answer.stderr.strip())
    assert match is not None, answer.stderr
    assert match.groups()[:2] == (str(file), "2")


@pytest.mark.slow
def test_raw_rows_behind_findings(prepared: Callable[[str | Path], Path]) -> None:
    """Each finding of planted faults points at the line of the data that has its fault's tag."""
    folder = prepared(ROOT / "tests" / "configs" / "chat-faults.yml")
    data = (ROOT / "tests" / "configs" / "data" / "chat_faults.jsonl").read_text("utf-8")

    answer = run("check", folder.parent / "config.yml", "--lines", cwd=ROOT)

    matches = [re.fullmatch(FINDING, line) for line in answer.stdout.splitlines()]
    found = {
        (match[5], TAG.findall(data.splitlines()[int(match[2]) - 1])[0])
        for match in matches
        if match and match[1].endswith(".jsonl")
    }
    assert all(matches), answer.stdout
    assert {
        ("L-EMPTY-TURN", "empty-turn"),
        ("L-ALL-MASKED", "empty-answer"),
        ("L-DOUBLE-END", "double-end"),
    } <= found
    assert answer.returncode == 1
