"""The ranks of a run followed from its folder: states, pace, and what each has printed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tool.runs.follow import LOG_BYTES, Tail
from inspect_tool.scale.ranks.first import went_first
from inspect_tool.scale.ranks.pace import Pace, read_paces, slowest
from inspect_tool.scale.ranks.record import LOG, Rank, folder_of, read_ranks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class RanksView:
    """What is there by now; ``lines`` are those that each rank's log gained since last time."""

    ranks: tuple[Rank, ...] = ()
    first_gone: Rank | None = None
    """The rank that failed or died first."""
    paces: Mapping[int, Pace] | None = None
    lines: Mapping[int, tuple[str, ...]] | None = None

    @property
    def slowest(self) -> int | None:
        """The rank that the others wait for; None where fewer than two can be compared."""
        late = slowest(list((self.paces or {}).values()))
        return None if late is None else late.rank


class RanksFollower:
    """Looks into one run's folder again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logs: dict[int, Tail] = {}

    def look(self) -> RanksView:
        """Return what is there by now; empty for a run of one process."""
        ranks = read_ranks(self.folder)
        lines = {}
        for rank in ranks:
            log = folder_of(self.folder, rank.rank) / LOG
            tail = self._logs.setdefault(rank.rank, Tail(log, last_bytes=LOG_BYTES))
            lines[rank.rank] = tuple(tail.take())
        world = max((rank.world_size for rank in ranks), default=0)
        paces = {pace.rank: pace for pace in read_paces(self.folder, world)}
        return RanksView(tuple(ranks), self._first_gone(ranks), paces, lines)

    def _first_gone(self, ranks: list[Rank]) -> Rank | None:
        gone = [rank for rank in ranks if rank.went_wrong]
        if not gone:
            return None
        earliest = min(gone, key=lambda rank: (rank.ended or 0.0, rank.rank))
        return went_first(self.folder) or earliest
