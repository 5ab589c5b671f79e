"""What each rank says of itself in the run's folder: its process, its debugger's port, its end.

Read while the run lasts and after kill -9: a rank that says it runs while no such process does
has died.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from inspect_tool.runs.journal import lives, process_started

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "ranks"
RECORD = "rank.json"
LOG = "log.txt"


class RankState(StrEnum):
    """How far a rank is."""

    WAITING = "waiting"
    """Its debugger listens, and no client has attached yet."""
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    DIED = "died"
    """Its process is gone without a word: kill -9, out of memory, a crash in native code."""

    @property
    def over(self) -> bool:
        """Whether the rank has ended."""
        return self in {RankState.FINISHED, RankState.FAILED, RankState.DIED}


@dataclass(frozen=True)
class Rank:
    """One process of a run; times in seconds since 1970, ``port`` its debugger's."""

    rank: int
    local_rank: int
    world_size: int
    pid: int
    pid_started: float | None
    state: RankState
    port: int | None = None
    ended: float | None = None
    message: str = ""

    @property
    def went_wrong(self) -> bool:
        """Whether it ended otherwise than it should."""
        return self.state in {RankState.FAILED, RankState.DIED}

    @classmethod
    def own(cls) -> Rank:
        """Return this process's record, from what its launcher set."""
        return cls(
            rank=int(os.environ.get("RANK", "0")),
            local_rank=int(os.environ.get("LOCAL_RANK", "0")),
            world_size=int(os.environ.get("WORLD_SIZE", "1")),
            pid=os.getpid(),
            pid_started=process_started(os.getpid()),
            state=RankState.RUNNING,
        )

    def write(self, run: Path) -> None:
        """Write the record, whole or not at all; raises OSError."""
        folder = folder_of(run, self.rank)
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{RECORD}.draft"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        draft.replace(folder / RECORD)

    def ending(self, state: RankState, message: str = "") -> Rank:
        """Return the record of the rank's end, now."""
        return replace(self, state=state, message=message, ended=time.time())


def folder_of(run: Path, rank: int) -> Path:
    """Return where a rank writes."""
    return run / FOLDER / str(rank)


def read_ranks(run: Path) -> list[Rank]:
    """Return what the ranks say of themselves, by rank, true also after kill -9."""
    found = []
    with suppress(OSError):
        for folder in (run / FOLDER).iterdir():
            with suppress(OSError, ValueError, TypeError, KeyError):
                read = json.loads((folder / RECORD).read_text("utf-8"))
                found.append(_true(Rank(**{**read, "state": RankState(read["state"])})))
    return sorted(found, key=lambda rank: rank.rank)


def _true(rank: Rank) -> Rank:
    if rank.state.over or lives(rank.pid, rank.pid_started):
        return rank
    return replace(rank, state=RankState.DIED, message="its process was ended from outside")
