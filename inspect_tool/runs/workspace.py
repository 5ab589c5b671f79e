"""What lies in a directory: axolotl configs, prepared folders and runs, found within bounds.

A home directory or a data lake must not stop the first screen, so the walk goes breadth first and
says where it gave up; a folder that cannot be read is a note, not an error.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import looks_like_config
from inspect_tool.runs.folders import (
    LOCK,
    PREPARED,
    RUNS,
    TOOL_FOLDER,
    PreparedFolder,
    RunFolder,
    is_hash,
    prepared_folder,
    run_folder,
)

SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "wandb", "mlruns"})
"""Folders that never hold a person's configs; hidden ones are skipped too, but for .inspect."""
_SYSTEM = frozenset({"/proc", "/sys", "/dev"})

MAX_DEPTH = 6
MAX_ENTRIES = 50_000
MAX_YAMLS = 1_000


@dataclass(frozen=True)
class Workspace:
    """What was found below ``root``, each kind sorted by path, prepared folders newest first.

    ``notes`` says what was left out and why: bounds reached, folders without permission.
    """

    root: Path
    configs: tuple[Path, ...] = ()
    prepared: tuple[PreparedFolder, ...] = ()
    runs: tuple[RunFolder, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to open."""
        return not (self.configs or self.prepared or self.runs)


def discover(
    directory: Path, *, max_depth: int = MAX_DEPTH, max_entries: int = MAX_ENTRIES
) -> Workspace:
    """Look for what can be opened in and below ``directory``; raises only if it is no folder."""
    if not directory.is_dir():
        raise InspectError("no such folder", place=directory, fix="name a folder that exists")
    walk = _Walk(directory, max_depth=max_depth, max_entries=max_entries)
    walk.run()
    return Workspace(
        root=directory,
        configs=tuple(sorted(walk.configs)),
        prepared=tuple(sorted(walk.prepared, key=lambda f: (-f.modified, f.path))),
        runs=tuple(sorted(walk.runs, key=lambda f: (-f.modified, f.path))),
        notes=tuple(walk.notes),
    )


class _Walk:
    """One breadth-first walk; owns its queue, its bounds and what it found."""

    def __init__(self, root: Path, *, max_depth: int, max_entries: int) -> None:
        self.root = root
        self.max_depth = max_depth
        self.max_entries = max_entries
        self.queue: deque[tuple[Path, int]] = deque([(root, 0)])
        self.visited: set[tuple[int, int]] = set()
        self.entries = 0
        self.yamls = 0
        self.configs: list[Path] = []
        self.prepared: list[PreparedFolder] = []
        self.runs: list[RunFolder] = []
        self.notes: list[str] = []

    def run(self) -> None:
        while self.queue:
            folder, depth = self.queue.popleft()
            try:
                self._look(folder, depth)
            except OSError as error:
                self.notes.append(f"{folder}: cannot be read ({error.strerror})")
            if self.entries > self.max_entries:
                self.notes.append(
                    f"stopped after {self.max_entries} entries, at {folder}; open a folder "
                    "further down to see the rest"
                )
                return

    def _look(self, folder: Path, depth: int) -> None:
        status = folder.stat()
        identity = (status.st_dev, status.st_ino)
        if identity in self.visited:
            return
        self.visited.add(identity)
        with os.scandir(folder) as listing:
            bounded = islice(listing, self.max_entries - self.entries + 1)
            entries = sorted(bounded, key=lambda entry: entry.name)
        self.entries += len(entries)
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names:
            return
        if self._is_prepared(folder, names):
            return
        run = run_folder(folder)
        if run is not None:
            self.runs.append(run)
        for entry in entries:
            self._sort(entry, depth)

    def _is_prepared(self, folder: Path, names: set[str]) -> bool:
        whole = any(name == "state.json" or name.startswith("data-") for name in names)
        if not whole and not (is_hash(folder.name) and not names):
            return False
        found = prepared_folder(folder)
        if found is not None:
            self.prepared.append(found)
        return found is not None

    def _sort(self, entry: os.DirEntry[str], depth: int) -> None:
        path = Path(entry.path)
        if entry.name.endswith((".yml", ".yaml")):
            self._consider(path)
        elif entry.name != LOCK and depth < self.max_depth and self._enters(entry):
            self.queue.append((path, depth + 1))

    @staticmethod
    def _enters(entry: os.DirEntry[str]) -> bool:
        if Path(entry.path).parent.name == TOOL_FOLDER:
            return entry.name in {PREPARED.name, RUNS.name}
        return is_worth_entering(entry)

    def _consider(self, path: Path) -> None:
        self.yamls += 1
        if self.yamls > MAX_YAMLS:
            if self.yamls == MAX_YAMLS + 1:
                self.notes.append(f"looked at {MAX_YAMLS} YAML files; the rest were left out")
            return
        ours = TOOL_FOLDER in path.relative_to(self.root).parts
        if not ours and looks_like_config(path):
            self.configs.append(path)


def is_worth_entering(entry: os.DirEntry[str]) -> bool:
    """Tell whether a directory entry is a folder that may hold configs or prepared data."""
    if entry.name in SKIPPED or (entry.name.startswith(".") and entry.name != TOOL_FOLDER):
        return False
    if entry.path in _SYSTEM:
        return False
    try:
        return entry.is_dir()
    except OSError:
        return False
