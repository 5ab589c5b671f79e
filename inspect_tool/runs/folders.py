"""Prepared and run folders as they stand on disk, told apart by their file names alone.

No Arrow here: the explorer and the first screen look at many folders before any is opened.
"""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

STATE = "state.json"
INFO = "dataset_info.json"
LOCK = "datasets_prep.lock"
"""Axolotl holds it, in the folder above, while it prepares; the empty file always stays."""
COUNTER = "process_counter.txt"
"""There while axolotl prepares, and after it was killed."""

TOOL_FOLDER = ".inspect"
RUNS = Path(TOOL_FOLDER) / "runs"
PREPARED = Path(TOOL_FOLDER) / "prepared"
"""Where this tool keeps what it makes, below the folder that the config's paths start from."""

_HASH = re.compile(r"[0-9a-f]{32}")


class FolderState(StrEnum):
    """How far the writing of a prepared folder got."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """The writer was ended before state.json and dataset_info.json, which come last."""
    WRITING = "being written"
    """Axolotl holds the lock of its parent, and the folder is unfinished or still changing."""


@dataclass(frozen=True)
class PreparedFolder:
    """A folder of prepared rows; ``modified`` is the time of its last write, in seconds."""

    path: Path
    state: FolderState
    modified: float


@dataclass(frozen=True)
class RunFolder:
    """A folder that a debug run wrote."""

    path: Path
    modified: float


def is_hash(name: str) -> bool:
    """Tell whether a folder's name is an axolotl hash (md5, lower case)."""
    return _HASH.fullmatch(name) is not None


def prepared_folder(path: Path) -> PreparedFolder | None:
    """Look at one folder; None where it is none that axolotl or `datasets` prepared.

    An empty folder counts when its name is a hash and axolotl's lock lies beside it: that is what
    a killed run leaves. Raises OSError where the folder cannot be listed.
    """
    with os.scandir(path) as entries:
        times = {e.name: e.stat().st_mtime for e in entries if _is_part(e.name) and e.is_file()}
    shards = [time for name, time in times.items() if name.endswith(".arrow")]
    locked_parent = (path.parent / LOCK).exists()
    if not times and not (is_hash(path.name) and locked_parent):
        return None
    complete = STATE in times and INFO in times
    changing = not complete or max(shards, default=0.0) > times[STATE]
    if locked_parent and changing and is_locked(path.parent / LOCK):
        state = FolderState.WRITING
    else:
        state = FolderState.COMPLETE if complete else FolderState.INCOMPLETE
    modified = max(times.values(), default=path.stat().st_mtime)
    return PreparedFolder(path, state, modified)


def prepared_folders(root: Path) -> tuple[PreparedFolder, ...]:
    """List the prepared folders directly below ``root``: complete ones first, newest first."""
    found = []
    try:
        children = [Path(e.path) for e in os.scandir(root) if e.is_dir()]
    except OSError:
        return ()
    for child in children:
        try:
            folder = prepared_folder(child)
        except OSError:
            continue
        if folder is not None:
            found.append(folder)
    return tuple(sorted(found, key=_likeliest_first))


def run_folder(path: Path) -> RunFolder | None:
    """Look at one folder; None unless it lies in ``.inspect/runs``."""
    if path.parent.name != RUNS.name or path.parent.parent.name != TOOL_FOLDER:
        return None
    return RunFolder(path, path.stat().st_mtime)


def is_locked(lock: Path) -> bool:
    """Tell whether another process holds ``lock`` now; the file is opened for reading only."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _is_part(name: str) -> bool:
    return name in {STATE, INFO} or (name.startswith("data-") and name.endswith(".arrow"))


def _likeliest_first(folder: PreparedFolder) -> tuple[bool, float]:
    return (folder.state is not FolderState.COMPLETE, -folder.modified)
