"""The explorer: configs, prepared datasets with their splits, and runs below a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from inspect_tool.errors import InspectError
from inspect_tool.runs.folders import FolderState
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.failures import TellsFailures
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inspect_tool.runs.folders import PreparedFolder
    from inspect_tool.runs.workspace import Workspace

OPEN_MARK: Final = "●"


@dataclass(frozen=True, slots=True)
class Split:
    """A split of an open dataset: its name and rows."""

    dataset: Path
    name: str
    first: int
    rows: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a heading, a folder's name, or something that can be opened."""

    text: str
    indent: int = 0
    heading: bool = False
    path: Path | None = None
    note: str = ""
    tone: str = ""
    split: Split | None = None


class Explorer(LineList, TellsFailures):
    """What can be opened below ``root``; discovered in the background, re-read on demand."""

    @dataclass
    class Discovered(Message):
        """The folder was looked through."""

        workspace: Workspace | None
        problem: str = ""

    @dataclass
    class Asked(Message):
        """A config, a prepared folder or a run is to be opened."""

        path: Path

    @dataclass
    class SplitAsked(Message):
        """A split of an open dataset is to be shown."""

        split: Split

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.root = Path()
        self.workspace: Workspace | None = None
        self._open: frozenset[Path] = frozenset()
        self._splits: tuple[Split, ...] = ()
        self._entries: list[Entry] = [Entry("looking…", tone="dim")]

    def look(self, root: Path) -> None:
        """Discover what lies below ``root``."""
        self.root = root
        self._discover(root)

    def show_open(self, paths: Iterable[Path], splits: Sequence[Split]) -> None:
        """Mark what is open, and list its splits below it."""
        before = self._open, self._splits
        self._open, self._splits = frozenset(paths), tuple(splits)
        if self.workspace is not None and before != (self._open, self._splits):
            self._rebuild()

    def count(self) -> int:
        """Return the number of lines."""
        return len(self._entries)

    def selectable(self, index: int) -> bool:
        """Only what can be opened can be chosen."""
        if not 0 <= index < len(self._entries):
            return False
        entry = self._entries[index]
        return entry.path is not None or entry.split is not None

    def line(self, index: int) -> tuple[Line, Line]:
        """Return one entry."""
        entry = self._entries[index]
        if entry.heading:
            return (Part(entry.text, "accent"),), (Part(entry.note, "dim"),)
        is_open = entry.path in self._open and entry.path is not None
        mark = Part(f"{OPEN_MARK} ", "good") if is_open else Part("  ")
        room = self.scrollable_content_region.width - 2 * entry.indent - 5 - len(entry.note)
        text = Part("  " * entry.indent + tail(entry.text, room), entry.tone)
        if is_open and not entry.tone:
            text = Part(text.text, "strong")
        return (mark, text), (Part(entry.note, "dim"),)

    def on_explorer_discovered(self, event: Explorer.Discovered) -> None:
        """Show what was found."""
        self.workspace = event.workspace
        if event.workspace is None:
            self._entries = [Entry(event.problem, tone="bad")]
            self.changed()
            return
        self._rebuild()
        shown = [i for i, entry in enumerate(self._entries) if entry.path in self._open]
        if shown:
            self.cursor = shown[0]
        elif not self.selectable(self.cursor):
            self.action_move(1)

    def on_line_list_selected(self, event: LineList.Selected) -> None:
        """Ask for the entry to be opened."""
        event.stop()
        entry = self._entries[event.index]
        if entry.split is not None:
            self.post_message(self.SplitAsked(entry.split))
        elif entry.path is not None:
            self.post_message(self.Asked(entry.path))

    def _rebuild(self) -> None:
        assert self.workspace is not None
        self._entries = list(entries(self.workspace, self._splits))
        self.changed()

    @work(thread=True, exclusive=True, group="discover", exit_on_error=False)
    def _discover(self, root: Path) -> None:
        from inspect_tool.runs.workspace import discover

        worker = get_current_worker()
        try:
            found = self.Discovered(discover(root))
        except (InspectError, OSError) as problem:
            found = self.Discovered(None, safe(str(problem)))
        if not worker.is_cancelled:
            self.post_message(found)


def entries(workspace: Workspace, splits: Sequence[Split] = ()) -> Iterator[Entry]:
    """Yield the explorer's lines for what was found."""
    if workspace.empty:
        yield Entry("nothing to open here", tone="dim")
        yield Entry("o opens another path", tone="dim")
    if workspace.configs:
        yield Entry("CONFIGS", heading=True, note=f"{len(workspace.configs):,}")
        yield from _configs(workspace)
    if workspace.prepared:
        yield Entry("PREPARED", heading=True, note=f"{len(workspace.prepared):,}")
        yield from _prepared(workspace, splits)
    if workspace.runs:
        yield Entry("RUNS", heading=True, note=f"{len(workspace.runs):,}")
        for run in workspace.runs:
            yield Entry(safe(run.path.name), path=run.path, note=when(run.modified))
    for note in workspace.notes:
        yield Entry(safe(note), tone="warn")


def _configs(workspace: Workspace) -> Iterator[Entry]:
    """Yield configs under their folders; those of the root itself come first, without one."""
    groups: dict[Path, list[Path]] = {}
    for path in sorted(workspace.configs, key=lambda path: path.parent != workspace.root):
        groups.setdefault(path.parent, []).append(path)
    for parent, paths in groups.items():
        if parent != workspace.root:
            yield Entry(relative(parent, workspace.root), tone="dim")
        for path in paths:
            yield Entry(safe(path.name), int(parent != workspace.root), path=path)


def _prepared(workspace: Workspace, splits: Sequence[Split]) -> Iterator[Entry]:
    groups: dict[Path, list[PreparedFolder]] = {}
    for folder in workspace.prepared:
        groups.setdefault(folder.path.parent, []).append(folder)
    for parent, folders in groups.items():
        yield Entry(relative(parent, workspace.root), tone="dim")
        for folder in folders:
            complete = folder.state is FolderState.COMPLETE
            note = when(folder.modified) if complete else folder.state.value
            name = folder.path.name
            short = f"{name[:8]}…" if len(name) == 32 else safe(name)
            yield Entry(short, 1, path=folder.path, note=note, tone="" if complete else "warn")
            for split in splits:
                if split.dataset == folder.path:
                    yield Entry(split.name, 2, note=f"{split.rows:,}", split=split)


def tail(text: str, width: int) -> str:
    """Return the end of a path that is longer than ``width`` cells: it tells paths apart."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) >= width:
        text = text[1:]
    return f"…{text}"


def relative(path: Path, root: Path) -> str:
    """Return a path as seen from ``root``, safe to print."""
    seen = os.path.relpath(path, root)
    return safe(root.name if seen == "." else seen)


def when(timestamp: float) -> str:
    """Return a time as a short date in the local time zone."""
    return datetime.fromtimestamp(timestamp).astimezone().strftime("%Y-%m-%d")
