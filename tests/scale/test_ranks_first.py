"""Which rank went first, from what ranks wrote of themselves and what the launcher reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.scale.ranks.first import went_first, what_happened
from inspect_tool.scale.ranks.follow import RanksFollower
from inspect_tool.scale.ranks.record import Rank, RankState

if TYPE_CHECKING:
    from pathlib import Path

GONE = 2**22
"""Above any process id: whatever says that it runs under it has died."""


def written(run: Path, *ranks: tuple[RankState, float | None], reported: int | None) -> Path:
    """Write the records of ranks, and the launcher's report of one of them."""
    for number, (state, ended) in enumerate(ranks):
        pid = GONE + number
        rank = Rank(number, number, len(ranks), pid, 1.0, state, ended=ended)
        rank.write(run)
    line = f"failed (exitcode: -9) local_rank: {reported} (pid: {GONE + (reported or 0)}) of binary"
    (run / "log.txt").write_text("[rank 0]: step 1\n" + (line if reported is not None else ""))
    return run


@pytest.mark.parametrize(
    ("ranks", "reported", "first"),
    [
        (((RankState.RUNNING, None), (RankState.RUNNING, None)), 1, 1),
        (((RankState.RUNNING, None), (RankState.FAILED, 5.0)), 1, 1),
        (((RankState.FAILED, 6.0), (RankState.FAILED, 5.0)), 0, 1),
        (((RankState.FAILED, 6.0), (RankState.RUNNING, None)), 1, 1),
        (((RankState.RUNNING, None), (RankState.RUNNING, None)), None, None),
    ],
)
def test_who_went_first(
    tmp_path: Path,
    ranks: tuple[tuple[RankState, float | None], ...],
    reported: int | None,
    first: int | None,
) -> None:
    """A rank that was killed writes no time, nor does one that is ended for it: torchrun knows."""
    found = went_first(written(tmp_path, *ranks, reported=reported))

    assert (found.rank if found else None) == first


def test_how_it_ended(tmp_path: Path) -> None:
    """The signal is the launcher's word."""
    killed = (RankState.RUNNING, None)
    run = written(tmp_path, killed, killed, reported=1)
    said = what_happened(run, went_first(run), processes=2, status=1)

    assert said == "rank 1 was ended by signal 9; the other 1 was ended"


def test_nobody_is_left_to_report(tmp_path: Path) -> None:
    """A launcher that was killed itself has named no rank."""
    run = written(tmp_path, (RankState.RUNNING, None), reported=None)

    assert what_happened(run, None, processes=2, status=-9) == (
        "the launcher ended with -9; 1 of 2 ranks never began"
    )


def test_who_follows_is_told_the_same(tmp_path: Path) -> None:
    """The rank that a follower of the run shows as first is the one that the launcher reports."""
    killed = (RankState.RUNNING, None)
    run = written(tmp_path, killed, killed, reported=1)
    first = RanksFollower(run).look().first_gone

    assert first is not None
    assert first.rank == 1
