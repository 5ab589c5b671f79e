"""Where each rank of a run stands: its Python stack, and which collective it waits in.

py-spy reads the stacks from outside, so that a rank which waits in native code answers too. Read
twice: a rank whose stack has not changed stands still.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.journal import read_status
from inspect_tool.scale.ranks.record import Rank, RankState, read_ranks

if TYPE_CHECKING:
    from collections.abc import Iterable

SECONDS = 1.0
"""How far apart the two readings are."""
PATIENCE = 30.0
_COLLECTIVES = "torch/distributed/distributed_c10d.py"
_PLUMBING = ("c10d_logger.py", "_tensor.py")
_BACKWARD = "torch/autograd/"
BACKWARD = "backward, in which ranks average gradients"

DEBUGGER = "a debugger to attach"


@dataclass(frozen=True)
class Frame:
    """One call; ``line`` counts from 1."""

    function: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """Return the file from its package on, and the line."""
        _, _, inside = self.file.rpartition("/site-packages/")
        return f"{inside or self.file}:{self.line}"


@dataclass(frozen=True)
class Stack:
    """Where one rank stands; ``frames`` innermost first, those of its main thread.

    ``collective`` is what it waits in, None for its own work; ``problem`` why there is no stack.
    """

    rank: Rank
    frames: tuple[Frame, ...] = ()
    collective: str | None = None
    still: bool = False
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/hang.json)."""
        return {
            "rank": self.rank.rank,
            "pid": self.rank.pid,
            "state": self.rank.state.value,
            "collective": self.collective,
            "still": self.still,
            "problem": self.problem or None,
            "frames": [
                {"function": one.function, "file": one.file, "line": one.line}
                for one in self.frames
            ],
        }


def stacks(run: Path, *, seconds: float = SECONDS) -> list[Stack]:
    """Read the stack of every rank of a run, twice, ``seconds`` apart.

    Raises InspectError for a folder that is no run's, a run that is over, and without py-spy.
    """
    ranks = _ranks(run)
    program = _program()
    first = {rank.rank: _read(program, rank) for rank in ranks}
    time.sleep(seconds)
    return [_compared(first[rank.rank], _read(program, rank)) for rank in ranks]


def verdict(found: Iterable[Stack]) -> str:
    """Say in one line who waits for whom, as far as the stacks tell."""
    found = list(found)
    alive = [stack for stack in found if stack.frames]
    waiting = [stack for stack in alive if stack.collective is not None and stack.still]
    others = [stack for stack in alive if stack not in waiting]
    gone = [stack for stack in found if stack.rank.state.over]
    if not waiting:
        still = all(stack.still for stack in alive)
        return "no rank moves, and none waits in a collective" if still else "the run moves"
    if gone:
        return f"{_named(waiting)}; rank {', '.join(str(one.rank.rank) for one in gone)} has ended"
    if others:
        doing = ", ".join(f"rank {one.rank.rank} is in {one.frames[0].function}" for one in others)
        return f"{_named(waiting)}; {doing}"
    return _all_wait(waiting)


def _all_wait(waiting: list[Stack]) -> str:
    places = {stack.collective for stack in waiting}
    if len(places) > 1:
        return f"{_named(waiting)}: not the same, so none will return"
    if places == {DEBUGGER}:
        return "all ranks wait for a debugger to attach"
    return "all ranks wait in the same collective: the network, or a rank on another machine"


def is_stuck(found: Iterable[Stack]) -> bool:
    """Tell whether some rank stands still in a collective, or none moves."""
    alive = [stack for stack in found if stack.frames]
    waits = any(stack.still and stack.collective is not None for stack in alive)
    return waits or all(stack.still for stack in alive)


def collective_of(frames: Iterable[Frame]) -> str | None:
    """Return the collective that a stack waits in, as called; None for work of the rank's own."""
    backward = None
    outermost = None
    for frame in frames:
        if frame.file.endswith(_COLLECTIVES):
            outermost = frame.function
        elif outermost is not None and not frame.file.endswith(_PLUMBING):
            return outermost
        elif _BACKWARD in frame.file:
            backward = BACKWARD
    return outermost or backward


def _named(found: Iterable[Stack]) -> str:
    parts: dict[str, list[str]] = {}
    for stack in found:
        to = "for" if stack.collective == DEBUGGER else "in"
        parts.setdefault(f"waits {to} {stack.collective}", []).append(str(stack.rank.rank))
    return "; ".join(f"rank {', '.join(ranks)} {said}" for said, ranks in parts.items())


def _ranks(run: Path) -> list[Rank]:
    ranks = read_ranks(run)
    if not ranks:
        ranks = _only(run)
    if all(rank.state.over for rank in ranks):
        raise InspectError("the run is over; nothing of it runs", place=run)
    return ranks


def _only(run: Path) -> list[Rank]:
    """Return the one process of a debug run as its rank 0."""
    import psutil

    status = read_status(run)
    if status is None:
        raise InspectError("no run's folder", place=run, fix="runs lie under .inspect/runs")
    if status.state.over or status.pid is None:
        raise InspectError("the run is over; nothing of it runs", place=run)
    try:
        below = psutil.Process(status.pid).children(recursive=True)
        trains = [one for one in below if any("axolotl.cli" in part for part in one.cmdline())]
    except psutil.Error:
        trains = []
    if not trains:
        raise InspectError("its training process has not begun", place=run)
    first = trains[0]
    return [Rank(0, 0, 1, first.pid, first.create_time(), RankState.RUNNING)]


def _program() -> str:
    beside = Path(sys.executable).parent / "py-spy"
    found = str(beside) if beside.exists() else shutil.which("py-spy")
    if found is None:
        raise InspectError("py-spy is not installed here", fix="pip install py-spy")
    return found


def _read(program: str, rank: Rank) -> Stack:
    if rank.state.over:
        return Stack(rank, problem=rank.message or rank.state.value)
    try:
        done = subprocess.run(
            [program, "dump", "--json", "--pid", str(rank.pid)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Stack(rank, problem=f"py-spy took longer than {PATIENCE:g} s")
    if done.returncode != 0:
        return Stack(rank, problem=_refused(done.stderr))
    frames = _main_thread(json.loads(done.stdout))
    waits = DEBUGGER if rank.state is RankState.WAITING else collective_of(frames)
    return Stack(rank, frames, waits)


def _refused(said: str) -> str:
    lower = said.lower()
    if "permission" in lower or "not permitted" in lower or "sudo" in lower:
        return "py-spy may not look into it: run as the same user with SYS_PTRACE, or with sudo"
    return (said.strip().splitlines() or ["py-spy says nothing"])[-1]


def _main_thread(threads: list[dict[str, Any]]) -> tuple[Frame, ...]:
    chosen = next((one for one in threads if one["thread_id"] and _is_main(one)), threads[0])
    return tuple(
        Frame(frame["name"], frame["filename"], int(frame["line"])) for frame in chosen["frames"]
    )


def _is_main(thread: dict[str, Any]) -> bool:
    return bool(thread["thread_name"] == "MainThread" or thread["os_thread_id"] == thread["pid"])


def _compared(before: Stack, now: Stack) -> Stack:
    return replace(now, still=bool(now.frames) and before.frames == now.frames)
