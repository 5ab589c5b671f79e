"""The folder of a run: whole files, and a status that is true after kill -9."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.journal import (
    State,
    free_name,
    make_folder,
    read_metrics,
    read_status,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_names_are_numbered(tmp_path: Path) -> None:
    """The next run of a config gets the next number, whatever else lies there."""
    for name in ("a-1", "a-9", "a-b", "ab-20"):
        (tmp_path / ".inspect" / "runs" / name).mkdir(parents=True)

    assert free_name(tmp_path, "a").name == "a-10"


def test_a_name_is_a_folder_s(tmp_path: Path) -> None:
    """Whatever the config is called, its run's folder has a plain name."""
    assert free_name(tmp_path, "../my config\n").name == "my-config-1"


def test_a_running_process_is_running(tmp_path: Path) -> None:
    """The status of a process that lives is as written."""
    make_folder(tmp_path / "run").say(State.RUNNING)
    status = read_status(tmp_path / "run")

    assert status is not None
    assert (status.state, status.pid) == (State.RUNNING, os.getpid())


def test_a_process_that_is_gone_has_died(tmp_path: Path) -> None:
    """A status whose process has ended, or whose number another one has now, says so."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    journal = make_folder(tmp_path / "run")
    journal.say(State.RUNNING, pid=child.pid, pid_started=1.0, owner=child.pid, owner_started=1.0)
    child.wait()
    gone = read_status(tmp_path / "run")
    journal.say(State.RUNNING, pid=os.getpid(), pid_started=1.0)
    reused = read_status(tmp_path / "run")

    assert gone is not None
    assert reused is not None
    assert (gone.state, reused.state) == (State.DIED, State.DIED)


def test_a_run_that_just_ended(tmp_path: Path) -> None:
    """Between a process's end and its owner's word on it, the run has not died."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    journal = make_folder(tmp_path / "run")
    journal.say(State.RUNNING, pid=child.pid, pid_started=1.0)
    child.wait()
    status = read_status(tmp_path / "run")

    assert status is not None
    assert status.state is State.RUNNING


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "odd"}', '{"pid": 1}'])
def test_a_damaged_status(tmp_path: Path, text: str) -> None:
    """It is no status, and no error."""
    (tmp_path / "status.json").write_text(text)

    assert read_status(tmp_path) is None


def test_metrics_that_are_being_written(tmp_path: Path) -> None:
    """A line that was cut off is left out."""
    (tmp_path / "metrics.jsonl").write_text(json.dumps({"step": 1}) + '\n{"step": 2, "lo')

    assert list(read_metrics(tmp_path)) == [{"step": 1}]


def test_a_folder_that_is_taken(tmp_path: Path) -> None:
    """Two runs never share a folder."""
    make_folder(tmp_path / "run")

    with pytest.raises(InspectError, match="another run"):
        make_folder(tmp_path / "run")


def test_git_does_not_see_it(tmp_path: Path) -> None:
    """The tool's folder keeps itself out of the user's repository."""
    make_folder(free_name(tmp_path, "a"))

    assert (tmp_path / ".inspect" / ".gitignore").read_text() == "*\n"
