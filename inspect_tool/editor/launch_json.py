"""launch.json: debug configurations as VS Code, nvim-dap and other clients read them.

Only what all of them understand: ``args`` as lists, no path mappings on an attach, variables that
every client replaces, inputs of the two plain kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.editor.tasks_json import WAITING, WAITING_RANKS
from inspect_tool.runs.ports import HOST
from inspect_tool.runs.stops.places import NAMES, NO_STOP

if TYPE_CHECKING:
    from inspect_tool.editor.launches import Launches
    from inspect_tool.runs.launch import Launch

INSPECT = "Inspect: open prepared dataset"
TRAIN = "Debug: axolotl train (this YAML)"
PREPROCESS = "Debug: axolotl preprocess (this YAML)"
ATTACH = "Attach: waiting run"
RANKS = "Attach: all ranks"
TESTS = "Debug: tests"

VERSION = "0.2.0"
_IN_PREPROCESS = ("tokenize", "mask")


def configurations(launches: Launches) -> list[dict[str, Any]]:
    """Return every configuration, the most used first."""
    return [
        launch_configuration(TRAIN, launches.train),
        launch_configuration(PREPROCESS, launches.preprocess),
        {**attach_configuration(ATTACH, launches.port), "preLaunchTask": WAITING},
        launch_configuration(INSPECT, launches.inspect) | {"console": "integratedTerminal"},
        launch_configuration(TESTS, launches.tests),
        *(
            attach_configuration(_rank(number), launches.port + number)
            for number in range(launches.ranks)
        ),
    ]


def compounds(launches: Launches) -> list[dict[str, Any]]:
    """Return what attaches to every rank at once; ending one session ends all."""
    names = [_rank(number) for number in range(launches.ranks)]
    whole = {"name": RANKS, "configurations": names, "stopAll": True}
    return [whole | {"preLaunchTask": WAITING_RANKS}]


def inputs() -> list[dict[str, Any]]:
    """Return what a person is asked before a configuration starts."""
    return [
        _pick("stopAt", "Where to stop, besides your breakpoints", NAMES),
        _pick("stopInPreprocess", "Where to stop, besides your breakpoints", _IN_PREPROCESS),
        {
            "id": "dataset",
            "type": "promptString",
            "description": "A YAML, a prepared folder, or . for all that is in this workspace",
            "default": ".",
        },
    ]


def launch_configuration(name: str, launch: Launch) -> dict[str, Any]:
    """Return a configuration that starts ``launch``, whose argv is ``python -m MODULE ...``.

    ``console`` is left to the client: VS Code takes its terminal, others what they have.
    """
    python, _, module, *arguments = launch.argv
    return {
        "name": name,
        "type": "debugpy",
        "request": "launch",
        "python": python,
        "module": module,
        "args": arguments,
        "cwd": str(launch.cwd),
        **({"env": dict(launch.env)} if launch.env else {}),
        "justMyCode": False,
    }


def attach_configuration(name: str, port: int) -> dict[str, Any]:
    """Return a configuration that attaches to a debugger waiting on this machine."""
    return {
        "name": name,
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": HOST, "port": port},
        "justMyCode": False,
    }


def _rank(number: int) -> str:
    return f"Attach: rank {number}"


def _pick(name: str, description: str, options: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": name,
        "type": "pickString",
        "description": description,
        "options": [NO_STOP, *options],
        "default": NO_STOP,
    }
