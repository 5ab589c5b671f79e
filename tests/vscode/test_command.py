"""`inspect-tool vscode` and `clean` on projects of people's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from inspect_tool.cli.vscoding import project_root
from inspect_tool.editor.launches import Launches
from inspect_tool.editor.project import changes, ranks_there, write
from inspect_tool.editor.settings_json import globs
from inspect_tool.errors import InspectError
from inspect_tool.runs.clean import clean_runs
from inspect_tool.runs.journal import State, make_folder
from tests.processes import run
from tests.schemas import schema

if TYPE_CHECKING:
    from pathlib import Path

LAUNCHES = Launches(python="python")
YAML = "base_model: m\ndatasets:\n  - path: d.jsonl\n    type: alpaca\n"


def test_a_project_of_ones_own(tmp_path: Path) -> None:
    """Written once with a backup of what was there, then current; the JSON is as documented."""
    (tmp_path / ".vscode").mkdir()
    launch = tmp_path / ".vscode" / "launch.json"
    launch.write_text('{\n  // mine\n  "configurations": []\n}\n')

    stale = run("vscode", tmp_path, "--check")
    first = run("vscode", tmp_path, "--json")
    second = run("vscode", tmp_path, "--check")

    assert (stale.returncode, first.returncode, second.returncode) == (1, 0, 0)
    assert "launch.json: not current" in stale.stdout
    assert not list(Draft202012Validator(schema("vscode")).iter_errors(json.loads(first.stdout)))
    assert "// mine" in launch.read_text()
    assert launch.with_name("launch.json.backup-1").read_text().startswith("{\n  // mine")


def test_a_file_that_is_broken(tmp_path: Path) -> None:
    """It is named with line and column, and no other file is written."""
    (tmp_path / ".vscode").mkdir()
    broken = tmp_path / ".vscode" / "tasks.json"
    broken.write_text('{"tasks": [}')

    answer = run("vscode", tmp_path)

    assert answer.returncode == 2
    assert f"{broken}: line 1, column 12: a value is missing here" in answer.stderr
    assert list((tmp_path / ".vscode").iterdir()) == [broken]


def test_ranks_are_kept(tmp_path: Path) -> None:
    """How many ranks were asked for once holds until another number is asked for."""
    assert ranks_there(tmp_path) is None
    for change in changes(tmp_path, Launches(python="python", ranks=4), None):
        write(change)

    assert ranks_there(tmp_path) == 4


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """A launch.json that is a link to a shared file changes the shared file."""
    shared = tmp_path / "shared.json"
    shared.write_text("{}")
    (tmp_path / ".vscode").mkdir()
    link = tmp_path / ".vscode" / "launch.json"
    link.symlink_to(shared)

    for change in changes(tmp_path, LAUNCHES, None):
        write(change)

    assert link.is_symlink()
    assert "configurations" in shared.read_text()


def test_the_schema_is_asked_once(tmp_path: Path) -> None:
    """Axolotl is asked where its version's file is not there; the YAMLs get that file."""
    (tmp_path / "a.yml").write_text(YAML)
    asked: list[int] = []

    def text() -> str:
        asked.append(1)
        return "{}"

    for _ in range(2):
        for change in changes(tmp_path, LAUNCHES, text):
            if not change.current:
                write(change)

    settings = json.loads((tmp_path / ".vscode/settings.json").read_text().partition("\n")[2])
    ((file, patterns),) = settings["yaml.schemas"].items()
    assert ((tmp_path / file).read_text(), patterns, asked) == ("{}", ["/a.yml"], [1])


def test_only_axolotl_yamls_are_named(tmp_path: Path) -> None:
    """A folder of configs is named whole, one with other YAMLs file by file, hidden ones never."""
    for name in ("top.yml", "runs/a.yml", "runs/b.yml", "mixed/[a].yml", ".ci/x.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(YAML)
    (tmp_path / "mixed/compose.yml").write_text("services: {}\n")

    found = globs([p for p in tmp_path.rglob("*.yml") if p.name != "compose.yml"], tmp_path)

    assert found == ["/top.yml", "/mixed/?a?.yml", "/runs/*.yml"]


@pytest.mark.parametrize("mark", [".git", ".vscode"])
def test_the_project_of_a_yaml(tmp_path: Path, mark: str) -> None:
    """It is the folder above that is a repository or has a .vscode, else the YAML's own."""
    config = tmp_path / "my configs" / "a.yml"
    config.parent.mkdir()
    config.write_text(YAML)
    assert project_root(config) == config.parent

    (tmp_path / mark).mkdir()

    assert project_root(config) == tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("all.code-workspace", "each of its folders"),
        ("data.jsonl", "neither a folder nor a YAML"),
        ("nowhere.yml", "no such file"),
    ],
)
def test_what_is_no_project(tmp_path: Path, name: str, said: str) -> None:
    """It is said what to name instead."""
    if name != "nowhere.yml":
        (tmp_path / name).write_text("{}")

    with pytest.raises(InspectError, match=said):
        project_root(tmp_path / name)


def test_clean_leaves_what_tells_of_a_run(tmp_path: Path) -> None:
    """Caches of ended runs go; plans and statuses, and everything of a live run, stay."""
    runs = tmp_path / ".inspect" / "runs"
    for name in ("a-1", "a-2", "b-1"):
        journal = make_folder(runs / name)
        journal.write("plan.json", "{}")
        (runs / name / "hf_datasets").mkdir()
        (runs / name / "hf_datasets" / "x").write_bytes(bytes(10))
        if name != "a-2":
            journal.finish(State.FINISHED, message="", exit_status=0)

    cleaned = clean_runs(tmp_path, name="a")

    assert [(c.run.name, c.removed, c.size, c.live) for c in cleaned] == [
        ("a-1", ("hf_datasets",), 10, False),
        ("a-2", (), 0, True),
    ]
    left = sorted(str(path.relative_to(runs)) for path in runs.glob("*/*"))
    assert "a-1/plan.json" in left
    assert [item for item in left if "hf" in item] == ["a-2/hf_datasets", "b-1/hf_datasets"]


@pytest.mark.parametrize("text", ["def f(:\n\tpass\n", "import torch\n", ""])
def test_another_file_in_the_editor(tmp_path: Path, text: str) -> None:
    """What is open and is no YAML is named, with what to do, though YAML could read it."""
    file = tmp_path / "base.py"
    file.write_text(text)

    answer = run("debug", file)

    assert answer.returncode == 2
    assert answer.stderr == (
        f"inspect-tool: {file}: not a YAML (name the axolotl YAML; in an editor, open it and start "
        "again)\n"
    )
