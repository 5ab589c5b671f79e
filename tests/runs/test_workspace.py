"""discover: configs, prepared folders and runs below a directory, within bounds."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.runs.folders import FolderState, prepared_folder
from inspect_tool.runs.workspace import discover
from tests.runs.folders import NOW, config, digest, prepared

if TYPE_CHECKING:
    from pathlib import Path

A, B = map(digest, "ab")


def test_everything_is_found(tmp_path: Path) -> None:
    """Configs, prepared folders and runs are told apart wherever they lie."""
    train = config(tmp_path / "recipes" / "train.yml")
    folder = prepared(tmp_path / "last_run_prepared", A)
    run = tmp_path / ".inspect" / "runs" / "first"
    run.mkdir(parents=True)

    found = discover(tmp_path)

    assert found.configs == (train,)
    assert [item.path for item in found.prepared] == [folder]
    assert [item.path for item in found.runs] == [run]
    assert not found.empty


def test_other_yaml_is_no_config(tmp_path: Path) -> None:
    """Compose files, workflows and broken YAML do not count."""
    (tmp_path / "compose.yml").write_text("services: {}\n")
    (tmp_path / "broken.yml").write_bytes(b"\xff\xfe[")

    assert discover(tmp_path).empty


@pytest.mark.parametrize("name", [".git", "node_modules", ".venv", "__pycache__"])
def test_folders_of_tools_are_skipped(tmp_path: Path, name: str) -> None:
    """Nothing is looked for where no person keeps configs."""
    config(tmp_path / name / "train.yml")

    assert discover(tmp_path).empty


def test_a_virtual_environment_of_any_name_is_skipped(tmp_path: Path) -> None:
    """pyvenv.cfg marks a folder of packages."""
    config(tmp_path / "myenv" / "share" / "train.yml")
    (tmp_path / "myenv" / "pyvenv.cfg").touch()

    assert discover(tmp_path).empty


def test_derived_configs_of_runs_are_not_the_users(tmp_path: Path) -> None:
    """A run folder's own YAML does not appear beside the user's configs."""
    config(tmp_path / ".inspect" / "runs" / "first" / "config.yml")

    assert discover(tmp_path).configs == ()


def test_the_newest_prepared_folder_comes_first(tmp_path: Path) -> None:
    """Prepared folders are sorted by time, configs by path."""
    prepared(tmp_path / "p", A, at=NOW)
    prepared(tmp_path / "p", B, at=NOW + 5)

    assert [item.path.name for item in discover(tmp_path).prepared] == [B, A]


def test_a_folder_without_permission_is_a_note(tmp_path: Path) -> None:
    """What cannot be read is named, and the rest is shown."""
    config(tmp_path / "train.yml")
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    if os.access(closed, os.R_OK):
        pytest.skip("this user may read everything")

    found = discover(tmp_path)

    assert len(found.configs) == 1
    assert str(closed) in found.notes[0]


def test_a_huge_tree_ends_with_a_note(tmp_path: Path) -> None:
    """The walk stops at its bound and says where."""
    for number in range(50):
        (tmp_path / f"{number}").mkdir()

    assert "stopped after 20 entries" in discover(tmp_path, max_entries=20).notes[-1]


def test_depth_is_bounded(tmp_path: Path) -> None:
    """What lies too deep is left out."""
    config(tmp_path / "a" / "b" / "c" / "train.yml")

    assert discover(tmp_path, max_depth=2).empty
    assert not discover(tmp_path, max_depth=3).empty


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    """Symbolic links in a circle are walked once."""
    config(tmp_path / "a" / "train.yml")
    (tmp_path / "a" / "up").symlink_to(tmp_path)

    assert len(discover(tmp_path).configs) == 1


def test_what_is_no_folder_is_an_error(tmp_path: Path) -> None:
    """Only the directory itself being absent is raised."""
    with pytest.raises(InspectError, match="no such folder"):
        discover(tmp_path / "absent")


def test_a_complete_folder_is_told(tmp_path: Path) -> None:
    """state.json and dataset_info.json, written last, mean complete."""
    folder = prepared_folder(prepared(tmp_path, A))

    assert folder is not None
    assert (folder.state, folder.modified) == (FolderState.COMPLETE, NOW)


def test_a_killed_run_is_told(tmp_path: Path) -> None:
    """Shards without state.json, and an empty folder named by a hash beside the lock."""
    first = prepared_folder(prepared(tmp_path, A, complete=False))
    (tmp_path / B).mkdir()
    second = prepared_folder(tmp_path / B)

    assert first is not None
    assert second is not None
    assert (first.state, second.state) == (FolderState.INCOMPLETE, FolderState.INCOMPLETE)


def test_an_ordinary_empty_folder_is_none(tmp_path: Path) -> None:
    """Without axolotl's lock beside it an empty folder means nothing."""
    (tmp_path / A).mkdir()

    assert prepared_folder(tmp_path / A) is None


def test_writing_is_told_by_the_held_lock(tmp_path: Path) -> None:
    """While axolotl holds its lock, an unfinished folder is being written."""
    path = prepared(tmp_path, A, complete=False)
    with (tmp_path / "datasets_prep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        during = prepared_folder(path)

    assert during is not None
    assert during.state is FolderState.WRITING


def test_rewriting_is_told_by_newer_shards(tmp_path: Path) -> None:
    """While the lock is held, a finished folder whose shards are newer is being written again."""
    path = prepared(tmp_path, A)
    other = prepared(tmp_path, B)
    os.utime(path / "data-00000-of-00001.arrow", (NOW + 9, NOW + 9))
    with (tmp_path / "datasets_prep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        states = [item and item.state for item in map(prepared_folder, (path, other))]

    assert states == [FolderState.WRITING, FolderState.COMPLETE]


def test_only_results_of_this_tool_count(tmp_path: Path) -> None:
    """Below .inspect, what this tool prepared and ran is listed; its caches and logs are not."""
    made = prepared(tmp_path / ".inspect" / "prepared" / "train", A)
    prepared(tmp_path / ".inspect" / "cache" / "train", B)

    found = discover(tmp_path)

    assert [item.path for item in found.prepared] == [made]
