"""What must not be imported is not: the first screen and `--help` wait for no heavy library."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import inspect_tool.cli
import inspect_tool.report
import inspect_tool.samples
from tests.arrow_files import answered, save, supervised
from tests.processes import TIMEOUT, environment

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

HEAVY = ("torch", "transformers", "datasets", "axolotl", "textual", "pandas", "peft", "trl")

REPORT = """
import json, runpy, sys
sys.argv = ["inspect-tool", *{arguments!r}]
try:
    {action}
except SystemExit as end:
    assert not end.code, end.code
print()
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def imported_by(action: str, *arguments: str) -> set[str]:
    """Run ``action`` in a fresh interpreter and return the packages that it imported."""
    answer = subprocess.run(
        [sys.executable, "-c", REPORT.format(action=action, arguments=arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        env=environment(None),
    )
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout.splitlines()[-1]))


def modules_of(package: ModuleType) -> list[str]:
    """Name every module below a package."""
    return [
        module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]


RUN = "runpy.run_module('inspect_tool', run_name='__main__')"


def test_help_imports_nothing_heavy() -> None:
    """`--help` answers from typer alone."""
    assert not imported_by(RUN, "--help") & {*HEAVY, "rich", "pyarrow", "numpy", "tokenizers"}


@pytest.mark.parametrize("command", ["show", "prepare", "doctor", "scale"])
def test_help_of_commands_imports_nothing_heavy(command: str) -> None:
    """So does the help of each command."""
    assert not imported_by(RUN, command, "--help") & set(HEAVY)


def test_showing_samples_imports_nothing_heavy(tmp_path: Path, mistral_dir: Path) -> None:
    """Samples are read and printed without any of the training stack, and without typer."""
    folder = save(tmp_path, supervised([answered([1, 22557, 456, 349, 2], prompt=2)]))

    imported = imported_by(RUN, str(folder), f"--tokenizer={mistral_dir}")

    assert "pyarrow" in imported
    assert not imported & {*HEAVY, "typer", "tokenizers"}


def test_planning_many_processes_imports_nothing_heavy(tmp_path: Path) -> None:
    """A plan reads files and what was answered before; axolotl is asked in its worker alone."""
    config = tmp_path / "a.yml"
    config.write_text("base_model: org/model\ndatasets:\n  - path: a.jsonl\n", "utf-8")
    (tmp_path / "a.jsonl").write_text("{}\n", "utf-8")
    options = ("--processes=8", "--tuned-on=8", "--no-axolotl", f"--cwd={tmp_path}")

    imported = imported_by(RUN, "scale", str(config), *options)

    assert "inspect_tool" in imported
    assert not imported & {*HEAVY, "accelerate"}


@pytest.mark.parametrize(
    "package",
    [inspect_tool.samples, inspect_tool.cli, inspect_tool.report],
    ids=lambda package: package.__name__,
)
def test_importing_everything_imports_nothing_heavy(package: ModuleType) -> None:
    """No module of these rooms imports a heavy library when it is imported itself."""
    names = modules_of(package)

    imported = imported_by(f"[__import__(name) for name in {names!r}]")

    assert names
    assert not imported & set(HEAVY)


def test_the_first_screen_imports_nothing_to_plot_with() -> None:
    """Curves are the Run screen's alone; what draws them is imported when it is opened."""
    imported = imported_by("__import__('inspect_tool.tui.app')")

    assert "textual" in imported
    assert not imported & {"plotext", "textual_plotext"}


def test_importing_the_entry_point_does_nothing() -> None:
    """The axolotl worker is spawned and imports the entry point again: nothing may happen then."""
    module = importlib.import_module("inspect_tool.__main__")

    assert callable(module.main)
    assert not imported_by("import inspect_tool.__main__") & {*HEAVY, "typer", "pyarrow", "numpy"}
