"""What an editor starts, as ``Launch`` values: the argv that a person types, with variables in it.

``${file}`` is what is open in the editor, ``${workspaceFolder}`` the folder whose ``.vscode`` this
is, also where a window has several; both are replaced before anything is started.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from inspect_tool.runs.debug import PORT, SAFE_ENVIRONMENT, DebugOptions
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.launch import Launch

FILE = "${file}"
WORKSPACE = "${workspaceFolder}"
TOOL = "inspect_tool"
IN_PROCESS = "inspect_tool.cli.in_process"

RANKS = 2
"""Ranks to attach to, unless asked for more."""


@dataclass(frozen=True)
class Launches:
    """Everything that is started in one project with one interpreter, as an editor writes it."""

    python: str
    ranks: int = RANKS
    port: int = PORT

    def tool(self, *arguments: str) -> Launch:
        """Return ``inspect-tool ARGUMENT...``."""
        return self._launch("-m", TOOL, *arguments)

    def debug(self, chosen: Chosen) -> Launch:
        """Return a debug run in the process that the editor starts."""
        arguments = [str(chosen.config), *chosen.arguments()]
        launch = self._launch("-m", IN_PROCESS, *arguments)
        return replace(launch, env=dict(SAFE_ENVIRONMENT))

    @property
    def train(self) -> Launch:
        """The open YAML's debug run, with the stop that the person picks."""
        return self.debug(Chosen(Path(FILE), stop_at=("${input:stopAt}",)))

    @property
    def preprocess(self) -> Launch:
        """The open YAML's preparing alone."""
        options = DebugOptions(stage="preprocess")
        stop = ("${input:stopInPreprocess}",)
        return self.debug(Chosen(Path(FILE), options=options, stop_at=stop))

    @property
    def inspect(self) -> Launch:
        """The app, on what the person names."""
        return self.tool("open", "${input:dataset}")

    @property
    def tests(self) -> Launch:
        """The tests of the open file."""
        return self._launch("-m", "pytest", "-q", FILE)

    @property
    def waiting(self) -> Launch:
        """A debug run of the open YAML that waits, unless one waits already."""
        return self.tool("debug", FILE, "--port", str(self.port), "--reuse")

    @property
    def waiting_ranks(self) -> Launch:
        """The open YAML on all ranks, each waiting, unless they wait already."""
        numbers = ",".join(str(rank) for rank in range(self.ranks))
        ports = ("--debug-port", str(self.port), "--reuse")
        return self.tool(
            "scale", FILE, "--processes", str(self.ranks), "--debug-ranks", numbers, *ports
        )

    def _launch(self, *arguments: str) -> Launch:
        return Launch(argv=(self.python, *arguments), cwd=Path(WORKSPACE))


def interpreter(root: Path, python: str | None = None) -> str:
    """Return the interpreter as ``.vscode`` files name it: from the workspace where it lies there.

    ``python`` None: the one that runs this tool, which has what is needed.
    """
    path = os.path.abspath(python or sys.executable)  # noqa: PTH100  # a venv's python is a link
    inside = os.path.relpath(path, root)
    return path if inside.startswith(os.pardir) else f"{WORKSPACE}/{inside}"
