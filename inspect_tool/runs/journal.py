"""The folder of one run: its plan, config, log, metrics, and a status that stays true.

Files are written whole or line by line, so that the folder can be read while the run lasts and
after kill -9. A status names its process with the time it was started: one that still says it
runs while no such process does has died.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.folders import RUNS, TOOL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN_KEY = "INSPECT_TOOL_RUN"
"""The variable that tells a training process its run folder."""
PLAN = "plan.json"
CONFIG = "config.yml"
STATUS = "status.json"
LOG = "log.txt"
METRICS = "metrics.jsonl"

_CLOCK_SLACK = 2.0
"""Seconds by which two readings of a process's start may differ."""


class State(StrEnum):
    """How far a run is."""

    PREPARING = "preparing"
    STARTING = "starting"
    WAITING = "waiting"
    """The debugger listens, and no client has attached yet."""
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    DIED = "died"
    """Its process is gone without a word, by kill -9 or by the machine going down."""

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self in {State.FINISHED, State.FAILED, State.INTERRUPTED, State.DIED}


@dataclass(frozen=True)
class Status:
    """What a run folder says of itself; times in seconds since 1970.

    ``pid`` is the process that ends with the run, ``pid_started`` when it was started. ``owner`` is
    the one that writes here: while it lives it will still say how a run ended that just did.
    """

    state: State
    pid: int | None = None
    pid_started: float | None = None
    owner: int | None = None
    owner_started: float | None = None
    port: int | None = None
    started: float | None = None
    ended: float | None = None
    exit_status: int | None = None
    message: str = ""


class Journal:
    """Writes one run's folder. Only the run's owner has one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        pid, begun = os.getpid(), process_started(os.getpid())
        self.status = Status(State.PREPARING, pid, begun, pid, begun, started=time.time())

    def say(self, state: State, **changes: Any) -> None:
        """Write a new status, whole or not at all; raises InspectError if it cannot."""
        with self._lock:
            self.status = replace(self.status, state=state, **changes)
            self.write(STATUS, json.dumps(asdict(self.status), indent=2) + "\n")

    def finish(self, state: State, *, message: str, exit_status: int | None) -> None:
        """Write the last status, with the time."""
        self.say(state, message=message, exit_status=exit_status, ended=time.time())

    def of_process(self, pid: int) -> dict[str, Any]:
        """Return the changes that name a child as the run's process."""
        return {"pid": pid, "pid_started": process_started(pid)}

    def write(self, name: str, text: str) -> Path:
        """Write a file of the folder, whole or not at all; raises InspectError if it cannot."""
        file = self.folder / name
        draft = file.with_name(f".{name}.draft")
        try:
            draft.write_text(text, "utf-8")
            draft.replace(file)
        except OSError as error:
            raise unwritable(error, file) from None
        return file


def unwritable(error: OSError, place: Path) -> InspectError:
    """Say that a file of a run cannot be written, and what to do."""
    return InspectError(
        f"cannot be written ({error.strerror or error})",
        place=error.filename or place,
        fix="make room on that disk, or run from a folder that can be written",
    )


def free_name(cwd: Path, name: str) -> Path:
    """Return the folder that the next run of ``name`` would get: name-1, name-2, ..."""
    plain = plain_name(name)
    pattern = re.compile(rf"{re.escape(plain)}-(\d+)")
    with suppress(OSError):
        numbers = [pattern.fullmatch(entry.name) for entry in (cwd / RUNS).iterdir()]
        taken = [int(match.group(1)) for match in numbers if match]
        return cwd / RUNS / f"{plain}-{max(taken, default=0) + 1}"
    return cwd / RUNS / f"{plain}-1"


def plain_name(name: str) -> str:
    """Return a config's stem as its run folders bear it."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"


def make_folder(folder: Path) -> Journal:
    """Make a run's folder, which must be new, kept out of the user's git; and its journal."""
    try:
        folder.mkdir(parents=True)
        ignore = folder.parent.parent / ".gitignore"
        if folder.parent.parent.name == TOOL_FOLDER and not ignore.exists():
            ignore.write_text("*\n", "ascii")
    except FileExistsError:
        raise InspectError(
            "another run has this folder", place=folder, fix="choose another --name"
        ) from None
    except OSError as error:
        raise unwritable(error, folder) from None
    journal = Journal(folder)
    journal.say(State.PREPARING)
    return journal


def read_status(folder: Path) -> Status | None:
    """Return what became of a run, true also after kill -9; None where there is no status."""
    try:
        read = json.loads((folder / STATUS).read_text("utf-8"))
        known = {name: read[name] for name in Status.__dataclass_fields__ if name in read}
        status = Status(**{**known, "state": State(read["state"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    processes = (status.pid, status.pid_started), (status.owner, status.owner_started)
    if status.state.over or any(lives(*process) for process in processes):
        return status
    return replace(status, state=State.DIED, message="its process was ended from outside")


def read_metrics(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the steps recorded so far; a line that is still being written is left out."""
    with suppress(OSError), (folder / METRICS).open(encoding="utf-8") as file:
        for line in file:
            with suppress(ValueError):
                yield json.loads(line)


def process_started(pid: int) -> float | None:
    """Return when a process was started; None if it has ended, collected by its parent or not."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def lives(pid: int | None, started: float | None) -> bool:
    """Tell whether the process runs that had this id when it was started then."""
    if pid is None:
        return False
    now = process_started(pid)
    return now is not None and (started is None or abs(started - now) < _CLOCK_SLACK)
