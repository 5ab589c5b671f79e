"""What an open dataset costs: resident memory beyond an interpreter with the same libraries.

Mapped pages of the dataset's own files are told apart: they are the system's page cache, which it
takes back whenever it needs it. The rest is the app's: its heap, and its share of libraries.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._datasets import supervised, turns
from benchmarks._tables import machine, say, show
from benchmarks._terminal import Terminal
from fixtures.build import build_tokenizers
from fixtures.places import MISTRAL

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = (160, 48)
LIMIT_MB = 150.0
LIBRARIES = """
import numpy.ma, pyarrow, yaml, inspect_tool.__main__, inspect_tool.tui.app
import inspect_tool.runs.workspace, inspect_tool.samples.checks, inspect_tool.tui.widgets.panel
print("ready", flush=True)
input()
"""
_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)")
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Resident:
    """Megabytes of a process: of its own, and of Arrow files that it has mapped."""

    own: float
    mapped: float


def resident(pid: int) -> Resident:
    """Return what is resident of a process now."""
    own = mapped = 0
    is_arrow = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if found := _MAPPING.fullmatch(line):
            is_arrow = found[1].endswith(".arrow")
        elif line.startswith("Rss:"):
            size = int(line.split()[1])
            own, mapped = (own, mapped + size) if is_arrow else (own + size, mapped)
    return Resident(own / 1024, mapped / 1024)


def libraries() -> float:
    """Return the resident megabytes of an interpreter that imported what the app did."""
    with subprocess.Popen(
        [sys.executable, "-c", LIBRARIES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        own = resident(process.pid).own
        process.communicate(b"\n")
        return own


class Watch:
    """Looks at a process's heap until it is stopped; ``most`` is the highest seen, megabytes."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.most = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            found = re.search(r"RssAnon:\s*(\d+)", self._status.read_text())
            self.most = max(self.most, int(found[1]) / 1024 if found else 0.0)


def heap(pid: int) -> float:
    """Return a process's anonymous memory, megabytes."""
    found = re.search(r"RssAnon:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def measured(folder: Path, rows: int, base: float) -> list[str]:
    """Open a dataset, have it checked, look at its problems, go to its end."""
    argv = (sys.executable, "-m", "inspect_tool", str(folder), "--tokenizer", str(MISTRAL))
    with Terminal(argv, size=SIZE) as terminal:
        terminal.wait_until(lambda data: b" tokens" in data, "the first row")
        with Watch(terminal.pid) as watch:
            until(terminal, lambda text: "counting" not in text)
        opened = resident(terminal.pid)
        most = opened.own - heap(terminal.pid) + watch.most
        for keys in (b"\n", b"\x1b", b":", str(rows - 1).encode() + b"\r", b"G"):
            terminal.press(keys)
            terminal.settle(0.3)
        until(terminal, lambda text: f"row {rows - 1:,} of" in text)
        used = resident(terminal.pid)
    figures = (opened.own - base, most - base, used.own - base, used.mapped)
    return [folder.name, *(f"{figure:.0f}" for figure in figures)]


def until(terminal: Terminal, holds: Callable[[str], bool]) -> None:
    """Let the app run until its screen is at rest and ``holds``."""
    terminal.settle(1.0)
    while not holds(terminal.text()):
        terminal.settle(1.0)


def main() -> None:
    """Measure datasets of very different sizes and print one table."""
    build_tokenizers()
    base = libraries()
    folders = {
        supervised(rows=100, tokens=500): 100,
        supervised(rows=200_000, tokens=500): 200_000,
        supervised(rows=1_000_000, tokens=40): 1_000_000,
        turns(rows=3, tokens=300_000): 3,
    }
    lines = [measured(folder, rows, base) for folder, rows in folders.items()]
    columns = ["dataset", "checked", "most meanwhile", "problems, last row, end", "its own pages"]
    show(f"Resident MB beyond interpreter and libraries ({machine()})", columns, lines)
    worst = max(float(figure) for line in lines for figure in line[1:4])
    verdict = "under" if worst < LIMIT_MB else "NOT under"
    say(f"interpreter and libraries: {base:.0f} MB; {verdict} {LIMIT_MB:.0f} MB beyond them")


if __name__ == "__main__":
    main()
