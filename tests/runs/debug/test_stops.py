"""Where stops go in a module, and that what is installed has a place for each."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.stops.places import NAMES, RULES, Stops, places
from inspect_tool.runs.stops.source import Rule, line_to_stop, spots, with_stops
from tests.axolotl_runs import ROOT

SOURCE = '''"""A module."""

from __future__ import annotations

class Strategy:
    def tokenize_prompt(self, row):
        """Doc."""
        # a comment
        labels = row["ids"]

        if row:
            labels[:2] = [-100] * 2
        for step in row:
            self.optimizer.step()
        return labels

    def training_step(self, model):
        with self.context():
            loss = self.compute_loss(model)

        del model
        return loss


def outer():
    def inner():
        return (
            1
        )
    return inner
'''


def lines_of(rule: Rule) -> list[tuple[str, int]]:
    """Return the function and line of every place of a rule in the source above."""
    return [(spot.function, spot.line) for spot in spots(ast.parse(SOURCE), [rule])]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (Rule("x", (), r".*\.tokenize_prompt"), [("Strategy.tokenize_prompt", 9)]),
        (Rule("x", (), r".*", at="masking"), [("Strategy.tokenize_prompt", 12)]),
        (Rule("x", (), r".*", at="optimizer step"), [("Strategy.tokenize_prompt", 14)]),
        (Rule("x", (), r".*", at="loss known"), [("Strategy.training_step", 21)]),
        (Rule("x", (), r"outer\.inner"), [("outer.inner", 27)]),
    ],
)
def test_places_are_found_by_what_the_source_says(rule: Rule, found: list[tuple[str, int]]) -> None:
    """The line is the statement's that is about to run, past docstrings and comments."""
    assert lines_of(rule) == found


@pytest.mark.parametrize(
    ("line", "stop"), [(1, 5), (9, 9), (8, 9), (10, 11), (11, 11), (28, 27), (29, 27), (31, None)]
)
def test_a_line_stands_for_its_statement(line: int, stop: int | None) -> None:
    """A line inside a statement is the statement's; a blank one the next statement's."""
    assert line_to_stop(ast.parse(SOURCE), line) == stop


def test_stops_change_no_line_numbers_and_no_result() -> None:
    """A module with every stop in it compiles and does what it did, without a debugger."""
    tree = ast.parse(SOURCE)
    rules = [Rule("x", (), r".*"), Rule("y", (), r".*", at="masking")]
    statements = {n.lineno for n in ast.walk(ast.parse(SOURCE)) if isinstance(n, ast.stmt)}

    assert with_stops(tree, rules, statements)
    module: dict[str, object] = {}
    exec(compile(tree, "source.py", "exec"), module)  # noqa: S102
    exec("Strategy.optimizer = type('Optimizer', (), {'step': lambda self: None})()", module)  # noqa: S102
    result = eval("Strategy().tokenize_prompt({'ids': [1, 2, 3]})", module)  # noqa: S307
    assert result == [-100, -100, 3]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_is_installed_has_a_place_for_each(name: str) -> None:
    """Every stop is found in the installed axolotl, transformers or TRL."""
    found = places(name, architecture="mixtral")

    assert found
    assert all(place.file.is_file() and place.line > 0 for place in found)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.stop} {rule.functions}")
def test_no_rule_looks_into_nothing(rule: Rule) -> None:
    """Each rule finds at least one place, so that none rots unseen."""
    from fnmatch import fnmatchcase

    files = {p.file for p in places(rule.stop, architecture="gpt2")}
    looked_into = [f for f in files if any(fnmatchcase(str(f), p) for p in rule.files)]
    assert any(list(spots(ast.parse(f.read_bytes()), [rule])) for f in looked_into)


def test_lines_in_installed_packages() -> None:
    """--break takes a path inside a package."""
    stops = Stops.parse([], ["typer/main.py:1"], cwd=Path.cwd())

    assert stops.breaks[0].file.parts[-2:] == ("typer", "main.py")


@pytest.mark.parametrize("text", ["a.py", "a.py:x", ":3", "a.py:0", "nowhere/a.py:1"])
def test_lines_that_are_none(tmp_path: Path, text: str) -> None:
    """What is no FILE:LINE, or no file, is refused, quoting it."""
    (tmp_path / "a.py").write_text("pass\n")

    with pytest.raises(InspectError, match="--break"):
        Stops.parse([], [text], cwd=tmp_path)


def test_a_line_after_the_end(tmp_path: Path) -> None:
    """There must be something to stop at."""
    (tmp_path / "a.py").write_text("pass\n")

    with pytest.raises(InspectError, match="no statement"):
        Stops.parse([], ["a.py:9"], cwd=tmp_path)


def test_modules_are_run_as_they_would_be(tmp_path: Path) -> None:
    """stops.main runs a module as `python -m` does, with its arguments and exit status."""
    (tmp_path / "program.py").write_text(
        "import sys\nimport part\nprint(__name__, sys.argv[1:], part.value())\nsys.exit(3)\n"
    )
    (tmp_path / "part.py").write_text("def value():\n    return __file__.rpartition('/')[2]\n")
    stops = Stops.parse([], ["part.py:2", "program.py:3"], cwd=tmp_path)
    child = subprocess.run(
        [sys.executable, "-m", "inspect_tool.runs.stops.main", "program", "a", "--b"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "INSPECT_TOOL_STOPS": stops.environment()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (child.stdout, child.returncode) == ("__main__ ['a', '--b'] part.py\n", 3)


def test_the_environment_carries_the_stops(tmp_path: Path) -> None:
    """What the run reads is what was asked for."""
    (tmp_path / "a.py").write_text("pass\n")
    stops = Stops.parse(["loss,nan", "save"], ["a.py:1"], cwd=tmp_path)

    assert json.loads(stops.environment()) == {
        "names": ["loss", "nan", "save"],
        "breaks": [[str(tmp_path / "a.py"), 1]],
    }
