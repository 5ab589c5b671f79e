"""An editor's part of starting a debug session: files read, variables replaced, tasks run first.

Read as strictly as the strictest client reads (nvim-dap before Neovim 0.12): whole-line comments
alone, then plain JSON.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tests.processes import environment
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")


def strict_json(file: Path) -> dict[str, Any]:
    """Read a file as a client does that knows whole-line comments only."""
    lines = [line for line in file.read_text("utf-8").splitlines() if line.strip()[:2] != "//"]
    read: dict[str, Any] = json.loads("\n".join(lines))
    return read


class Editor:
    """A window on ``workspace`` with ``file`` in front; ``picks`` answers inputs by id.

    ``port`` stands for 5678, which another program of this machine may have.
    """

    def __init__(
        self,
        workspace: Path,
        file: Path,
        *,
        picks: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self.workspace = workspace
        self.file = file
        self.picks = dict(picks or {})
        self.port = port
        self.launch_json = strict_json(workspace / ".vscode" / "launch.json")
        self.tasks_json = strict_json(workspace / ".vscode" / "tasks.json")

    def configuration(self, name: str) -> dict[str, Any]:
        """Return a configuration as it is sent to the adapter."""
        found = next(c for c in self.launch_json["configurations"] if c["name"] == name)
        resolved: dict[str, Any] = self._resolved(found)
        if "python" in resolved:
            resolved["python"] = sys.executable
        connect = resolved.get("connect")
        if connect and self.port is not None:
            connect["port"] = self.port + connect["port"] - 5678
        return resolved

    def compound(self, name: str) -> list[dict[str, Any]]:
        """Return the configurations that a compound starts together."""
        found = next(c for c in self.launch_json["compounds"] if c["name"] == name)
        return [self.configuration(part) for part in found["configurations"]]

    def task(self, label: str) -> dict[str, Any]:
        """Return a task as it is run."""
        found = next(t for t in self.tasks_json["tasks"] if t["label"] == label)
        resolved: dict[str, Any] = self._resolved(found)
        args = resolved["args"]
        resolved["args"] = [str(self.port) if self.port and a == "5678" else a for a in args]
        return resolved | {"command": sys.executable}

    @contextmanager
    def before(self, name: str) -> Iterator[BackgroundTask | None]:
        """Run the task that a configuration or compound wants first, until it says it is ready."""
        started = [*self.launch_json["configurations"], *self.launch_json["compounds"]]
        label = next(item for item in started if item["name"] == name).get("preLaunchTask")
        if label is None:
            yield None
            return
        task = BackgroundTask(self.task(label))
        try:
            task.until_ready()
            yield task
        finally:
            task.end()

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if isinstance(value, str):
            return _VARIABLE.sub(self._variable, value)
        return value

    def _variable(self, match: re.Match[str]) -> str:
        name, argument = match.groups()
        if name == "input":
            declared = next(i for i in self.launch_json["inputs"] if i["id"] == argument)
            return self.picks.get(argument, str(declared["default"]))
        return str({"file": self.file, "workspaceFolder": self.workspace}[name])


class BackgroundTask:
    """A task that goes on, followed line by line; owns its process group."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        background = task["problemMatcher"][0]["background"]
        self._ready = re.compile(background["endsPattern"])
        self.lines: list[str] = []
        options = task["options"]
        self.process = subprocess.Popen(
            [task["command"], *task["args"]],
            cwd=options["cwd"],
            env=environment(options.get("env")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until_ready(self) -> None:
        """Wait for the line that the task's problem matcher waits for."""
        until(
            lambda: any(map(self._ready.search, self.lines)) or self.process.poll() is not None,
            "the end of the task's beginning",
        )
        self._reader.join(0.0 if self.process.poll() is None else PATIENCE)
        assert any(map(self._ready.search, self.lines)), "\n".join(self.lines)

    def end(self) -> None:
        """End it and all below it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
