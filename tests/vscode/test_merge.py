"""What a person has in .vscode stays; what is ours is put in its place."""

from __future__ import annotations

import json

import pytest

from inspect_tool.editor import merge
from inspect_tool.editor.jsonc import JsoncError, parse
from inspect_tool.editor.launch_json import ATTACH, RANKS, TRAIN
from inspect_tool.editor.launches import Launches
from inspect_tool.editor.tasks_json import CHECK
from tests.vscode.texts import comments

LAUNCHES = Launches(python="/opt/venv/bin/python")

THEIRS = """\
{
    // Use IntelliSense to learn about possible attributes.
    "version": "0.2.0",
    "configurations": [
        {
            "name": "My server", /* port 8000 */
            "type": "node",
            "request": "launch",
        },
        { "name": "Attach: waiting run", /* mine */ "type": "python", "port": 1 }, // old
    ],
    "inputs": [], // none yet
}
"""


def names(text: str, key: str, name: str) -> list[str]:
    """Return the names of a list's items."""
    return [item[name] for item in parse(text).value[key]]


def test_everything_of_theirs_stays() -> None:
    """Every comment, every configuration, every line that is not ours."""
    merged = merge.launch_text(THEIRS, LAUNCHES)

    assert comments(merged) == comments(THEIRS)
    assert parse(merged).value["configurations"][0] == parse(THEIRS).value["configurations"][0]
    assert merged.startswith(THEIRS[: THEIRS.index('        { "name"')])


def test_ours_is_replaced_by_name() -> None:
    """A configuration that bears our name stands where it stood, once, as it should be."""
    merged = merge.launch_text(THEIRS, LAUNCHES)

    found = names(merged, "configurations", "name")
    assert (found.index(ATTACH), found.count(ATTACH), found.count(TRAIN)) == (1, 1, 1)
    assert parse(merged).value["configurations"][1]["connect"]["port"] == 5678


@pytest.mark.parametrize(
    "text", [None, "", "{}", "{ }\n", "// mine\n{}", "// mine", "\ufeff{}", THEIRS]
)
def test_twice_changes_nothing(text: str | None) -> None:
    """The second time the files are as they should be."""
    once = merge.launch_text(text, LAUNCHES)
    tasks = merge.tasks_text(None, LAUNCHES)

    assert merge.launch_text(once, LAUNCHES) == once
    assert merge.tasks_text(tasks, LAUNCHES) == tasks


def test_line_ends_and_indentation_are_theirs() -> None:
    """A file with CRLF and tabs gets CRLF and tabs."""
    text = '{\r\n\t"version": "0.2.0",\r\n\t"configurations": []\r\n}\r\n'

    merged = merge.launch_text(text, LAUNCHES)

    assert "\n" not in merged.replace("\r\n", "")
    assert '\r\n\t\t{\r\n\t\t\t"name"' in merged


def test_a_file_of_comments_alone() -> None:
    """It counts as empty, as in VS Code, and its comments stay."""
    merged = merge.launch_text("// mine\r\n/* too */", LAUNCHES)

    assert comments(merged) == ["// mine", "/* too */"]
    assert "\n" not in merged.replace("\r\n", "")


@pytest.mark.parametrize("text", ["[]", '{"configurations": {}}', '{"configurations": null}'])
def test_what_has_another_shape_is_refused(text: str) -> None:
    """A file that VS Code could not use either is not guessed at."""
    with pytest.raises(JsoncError):
        merge.launch_text(text, LAUNCHES)


def test_fewer_ranks() -> None:
    """The compound names the ranks that are asked for."""
    wide = merge.launch_text(None, Launches(python="python", ranks=4))

    compound = parse(wide).value["compounds"][0]
    assert compound["name"] == RANKS
    assert compound["configurations"] == [f"Attach: rank {rank}" for rank in range(4)]


def test_settings_keep_other_schemas() -> None:
    """Only the schema of another version of axolotl goes."""
    text = """{
  "editor.rulers": [100], // mine
  "yaml.schemas": {
    "./.vscode/axolotl-0-18-0.json": ["/a.yml"],
    "https://example.org/compose.json": "compose.yml"
  }
}
"""

    merged = merge.settings_text(text, "./.vscode/axolotl-0-19-0.json", ["/a.yml"])

    assert merged is not None
    value = parse(merged).value
    assert list(value["yaml.schemas"]) == [
        "https://example.org/compose.json",
        "./.vscode/axolotl-0-19-0.json",
    ]
    assert comments(merged) == ["// mine"]


def test_no_settings_without_a_config() -> None:
    """A project without an axolotl YAML gets no settings file."""
    assert merge.settings_text(None, "./.vscode/axolotl-0-19-0.json", []) is None


def test_extensions_that_are_not_wanted() -> None:
    """What a person has refused, or has in other letters, is not recommended again."""
    text = json.dumps(
        {"recommendations": ["MS-Python.Python"], "unwantedRecommendations": ["redhat.vscode-yaml"]}
    )

    merged = merge.extensions_text(text)

    assert parse(merged).value["recommendations"] == ["MS-Python.Python", "ms-python.debugpy"]


def test_their_task_of_our_name_is_replaced() -> None:
    """Tasks are known by their label."""
    text = '{"tasks": [{"label": "inspect-tool: check", "type": "shell"}, {"label": "mine"}]}'

    merged = merge.tasks_text(text, LAUNCHES)

    assert names(merged, "tasks", "label")[:2] == [CHECK, "mine"]
    assert parse(merged).value["tasks"][0]["type"] == "process"
