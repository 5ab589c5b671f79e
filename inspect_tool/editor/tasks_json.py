"""tasks.json: commands on the open file, and how their lines become entries of the Problems panel.

Every task is a process with a list of arguments: no shell, so no quoting, whatever a path holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.editor.launches import FILE

if TYPE_CHECKING:
    from inspect_tool.editor.launches import Launches
    from inspect_tool.runs.launch import Launch

CHECK = "inspect-tool: check"
DIFF = "inspect-tool: diff"
PREPARE = "inspect-tool: prepare"
CLEAN = "inspect-tool: clean caches of the debug run"
WAITING = "inspect-tool: waiting run"
WAITING_RANKS = "inspect-tool: waiting ranks"

VERSION = "2.0.0"

FINDING = r"^(/.+?):(\d+): (error|warning|info): (.*) \[([A-Z][A-Z0-9-]*)\]$"
"""A line of ``check --lines``: file, line, severity, message, code."""
COMPLAINT = r"^inspect-tool: (/.+?):(\d+): (.+)$"
"""A line on stderr that names the line of a config."""
BEGINS = r"^inspect-tool: .*run folder "
READY = r"^ready: attach a debugger to "
RANKS_READY = r"^ready: all ranks "


def tasks(launches: Launches) -> list[dict[str, Any]]:
    """Return every task."""
    return [
        task(
            CHECK,
            launches.tool("check", FILE, "--lines"),
            "Every check on what was prepared from the open YAML; findings go to Problems",
            matchers=[_findings(), _complaints()],
        ),
        task(
            DIFF,
            launches.tool("diff", FILE, "--against", "chat-template"),
            "What training saw of the open YAML's rows against what inference sends",
            matchers=[_complaints()],
        ),
        task(
            PREPARE,
            launches.tool("prepare", FILE),
            "axolotl preprocess of the open YAML, into .inspect/prepared",
            matchers=[_complaints()],
        ),
        task(
            CLEAN,
            launches.tool("clean", FILE),
            "Remove what ended debug runs of the open YAML cached and prepared",
            matchers=[_complaints()],
        ),
        background(
            WAITING,
            launches.waiting,
            "A debug run of the open YAML that waits for a debugger; one that waits serves",
            ready=READY,
        ),
        background(
            WAITING_RANKS,
            launches.waiting_ranks,
            "The open YAML on several ranks that wait for a debugger; those that wait serve",
            ready=RANKS_READY,
        ),
    ]


def task(
    label: str, launch: Launch, detail: str, *, matchers: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a task that runs ``launch``."""
    options = {"cwd": str(launch.cwd)} | ({"env": dict(launch.env)} if launch.env else {})
    return {
        "label": label,
        "detail": detail,
        "type": "process",
        "command": launch.argv[0],
        "args": list(launch.argv[1:]),
        "options": options,
        "problemMatcher": matchers,
    }


def background(label: str, launch: Launch, detail: str, *, ready: str) -> dict[str, Any]:
    """Return a task that goes on, with the matcher that tells when a debugger can attach.

    VS Code wants a pattern for problems, too.
    """
    patterns = {"activeOnStart": True, "beginsPattern": BEGINS, "endsPattern": ready}
    matcher = {**_complaints(), "background": patterns}
    return {**task(label, launch, detail, matchers=[matcher]), "isBackground": True}


def _findings() -> dict[str, Any]:
    groups = {"file": 1, "line": 2, "severity": 3, "message": 4, "code": 5}
    return _matcher("inspect-tool", {"regexp": FINDING, **groups})


def _complaints() -> dict[str, Any]:
    groups = {"file": 1, "line": 2, "message": 3}
    return _matcher("inspect-tool config", {"regexp": COMPLAINT, **groups}) | {"severity": "error"}


def _matcher(owner: str, pattern: dict[str, Any]) -> dict[str, Any]:
    return {
        "owner": owner,
        "source": "inspect-tool",
        "fileLocation": "absolute",
        "pattern": [pattern],
    }
