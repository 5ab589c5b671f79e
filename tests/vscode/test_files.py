"""This repository's .vscode is what is generated, from what the command line runs."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.cli.app import run
from inspect_tool.editor import launch_json, merge, tasks_json
from inspect_tool.editor.launches import IN_PROCESS, Launches, interpreter
from inspect_tool.runs.debug import DebugOptions
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.launch import Launch
from tests.axolotl_runs import RECIPES, ROOT
from tests.processes import TIMEOUT, environment
from tests.runs.debug.plans import QLORA_2024, plan
from tests.vscode.editor import Editor, strict_json

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / ".vscode"
LAUNCHES = Launches(python=interpreter(ROOT, str(ROOT / ".venv" / "bin" / "python")))
CONFIGURATIONS: list[dict[str, Any]] = strict_json(FOLDER / "launch.json")["configurations"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("launch.json", lambda text: merge.launch_text(text, LAUNCHES)),
        ("tasks.json", lambda text: merge.tasks_text(text, LAUNCHES)),
        ("extensions.json", merge.extensions_text),
    ],
)
def test_current(name: str, text: Any) -> None:
    """`inspect-tool vscode` would change nothing; if this fails, run it."""
    written = (FOLDER / name).read_text("utf-8")

    assert text(written) == text(None) == written


def test_names() -> None:
    """The configurations have the names that the docs walk through."""
    compounds = strict_json(FOLDER / "launch.json")["compounds"]

    assert {
        "Inspect: open prepared dataset",
        "Debug: axolotl train (this YAML)",
        "Debug: axolotl preprocess (this YAML)",
        "Attach: waiting run",
        "Attach: all ranks",
        "Debug: tests",
    } <= {item["name"] for item in [*CONFIGURATIONS, *compounds]}


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda item: str(item["name"]))
def test_what_every_client_reads(configuration: dict[str, Any]) -> None:
    """The rules that strict clients hold configurations to."""
    assert configuration["type"] == "debugpy"
    assert configuration["justMyCode"] is False
    assert "subProcess" not in configuration
    assert not re.search(r"\$\{(config|command):", str(configuration))
    if configuration["request"] == "attach":
        allowed = {"name", "type", "request", "connect", "justMyCode", "preLaunchTask"}
        assert set(configuration) <= allowed
    else:
        assert isinstance(configuration["args"], list)


def test_inputs_are_plain() -> None:
    """Inputs are of the two kinds that every client asks, with ids of word characters."""
    inputs = strict_json(FOLDER / "launch.json")["inputs"]

    assert {item["type"] for item in inputs} <= {"promptString", "pickString"}
    assert all(re.fullmatch(r"\w+", item["id"]) for item in inputs)


def test_what_is_named_is_there() -> None:
    """Tasks before a launch, inputs and the parts of compounds exist."""
    read = strict_json(FOLDER / "launch.json")
    tasks = {task["label"] for task in strict_json(FOLDER / "tasks.json")["tasks"]}
    parts = {name for compound in read["compounds"] for name in compound["configurations"]}
    asked = set(re.findall(r"\$\{input:(\w+)\}", str(read["configurations"])))
    first = {item.get("preLaunchTask") for item in [*CONFIGURATIONS, *read["compounds"]]}

    assert parts <= {item["name"] for item in CONFIGURATIONS}
    assert asked == {item["id"] for item in read["inputs"]}
    assert first - {None} <= tasks


@pytest.mark.parametrize("name", [launch_json.TRAIN, launch_json.PREPROCESS])
def test_the_same_run_as_the_command_line(name: str, tmp_path: Path) -> None:
    """The configuration's arguments, read by the command line, give the plan of `debug`.

    So the process that the editor starts becomes the very Launch that `debug` runs.
    """
    config = plan(tmp_path, QLORA_2024).config
    configuration = Editor(ROOT, config).configuration(name)
    assert configuration["module"] == IN_PROCESS
    met: list[Chosen] = []

    def keep(chosen: Chosen) -> int:
        met.append(chosen)
        return 0

    assert run(["debug", *configuration["args"]], in_process=keep) == 0

    stage: Any = "train" if name == launch_json.TRAIN else "preprocess"
    assert met == [
        Chosen(config, options=DebugOptions(stage=stage), stop_at=("none",)),
    ]
    from_editor, ours = met[0].plan(print), Chosen(config, DebugOptions(stage=stage)).plan(print)
    assert from_editor.launch == ours.launch
    env = {key: value for key, value in ours.launch.env.items() if key in configuration["env"]}
    assert configuration["env"] == env


def test_tasks_are_the_commands_of_the_command_line() -> None:
    """Each task's arguments are a command line that is understood, without a shell."""
    from typer.main import get_command

    from inspect_tool.cli.app import app

    for task in strict_json(FOLDER / "tasks.json")["tasks"]:
        assert task["type"] == "process"
        module, name, *arguments = task["args"][1:]
        assert module == "inspect_tool"
        command = get_command(app).get_command(None, name)  # type: ignore[attr-defined]
        with command.make_context(name, list(arguments)) as context:
            assert "${file}" in map(str, context.params.values())


def test_a_launch_is_written_as_it_is() -> None:
    """Interpreter, module, arguments, folder and environment of a Launch, nothing else."""
    launch = Launch(("py", "-m", "mod", "a b", "--c"), ROOT, {"K": "v"})

    written = launch_json.launch_configuration("name", launch)
    task = tasks_json.task("label", launch, "detail", matchers=[])

    assert (written["python"], written["module"], written["args"]) == ("py", "mod", ["a b", "--c"])
    assert (written["cwd"], written["env"]) == (str(ROOT), {"K": "v"})
    assert (task["command"], *task["args"]) == launch.argv


def test_the_interpreter_of_the_workspace(tmp_path: Path) -> None:
    """An interpreter in the workspace is named from there, another one as it is."""
    assert interpreter(tmp_path, str(tmp_path / ".venv/bin/python")) == (
        "${workspaceFolder}/.venv/bin/python"
    )
    assert interpreter(tmp_path, "/usr/bin/python3") == "/usr/bin/python3"


def test_every_recipe_has_the_schema() -> None:
    """settings.json gives the schema, which lies beside it, to the recipes."""
    ((schema, patterns),) = strict_json(FOLDER / "settings.json")["yaml.schemas"].items()

    assert (ROOT / schema).is_file()
    assert "/recipes/*.yml" in patterns
    assert list(RECIPES.glob("*.yml"))


def test_planning_imports_nothing_that_reads_the_environment(tmp_path: Path) -> None:
    """Until the process becomes the run, no library is imported whose settings the run changes."""
    config = plan(tmp_path, QLORA_2024).config
    code = (
        "import sys\n"
        "from inspect_tool.cli.app import run\n"
        "def planned(chosen):\n"
        "    chosen.plan(print)\n"
        "    return 0\n"
        f"assert run(['debug', {str(config)!r}], in_process=planned) == 0\n"
        "heavy = {'torch', 'transformers', 'datasets', 'axolotl', 'accelerate', 'wandb'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        env=environment(None),
    )

    assert answer.returncode == 0, answer.stderr
