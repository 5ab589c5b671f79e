"""Which rank of a broken run went first, and how.

A rank that raises writes when; one that is killed writes nothing, and neither does one that the
launcher ends because of it, a moment later. Of those only the launcher knows which was first.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from inspect_tool.runs.failures.explain import explain
from inspect_tool.runs.journal import LOG
from inspect_tool.scale.ranks.record import LOG as RANK_LOG
from inspect_tool.scale.ranks.record import Rank, RankState, folder_of, read_ranks

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.runs.failures.failure import Failure

_REPORT = re.compile(r"exitcode: (-?\d+)\) local_rank: \d+ \(pid: (\d+)\)")
"""How torch's elastic agent reports the first failure (elastic/multiprocessing/api.py)."""


def went_first(run: Path) -> Rank | None:
    """Return the rank that the launcher reports, or one that raised before it did.

    None where the launcher did not live to report one.
    """
    ranks = read_ranks(run)
    exits = _exit_statuses(run)
    reported = next((rank for rank in ranks if rank.pid in exits), None)
    if reported is None or reported.state is not RankState.FAILED:
        return reported
    raised = [rank for rank in ranks if rank.state is RankState.FAILED]
    return min(raised, key=lambda rank: (rank.ended or 0.0, rank.rank))


def explain_first(run: Path, first: Rank | None) -> Failure | None:
    """Say what the log of the rank that went first shows of its error; None where it shows none."""
    if first is None or first.state is not RankState.FAILED:
        return None
    return explain(folder_of(run, first.rank) / RANK_LOG)


def what_happened(run: Path, first: Rank | None, *, processes: int, status: int) -> str:
    """Say how a run ended that did not end well; ``status`` is its launcher's."""
    ranks = read_ranks(run)
    if first is None:
        missing = processes - len(ranks)
        if missing > 0:
            return f"the launcher ended with {status}; {missing} of {processes} ranks never began"
        return f"the launcher ended with {status}"
    ended = _exit_statuses(run).get(first.pid)
    if first.state is RankState.FAILED:
        how = f"failed: {first.message}" if first.message else "ended with an error"
    elif ended is not None and ended < 0:
        how = f"was ended by signal {-ended}"
    else:
        how = "is gone without a word (kill -9, out of memory, or a crash in native code)"
    rest = sum(rank.rank != first.rank for rank in ranks)
    return f"rank {first.rank} {how}; the other {rest} {'was' if rest == 1 else 'were'} ended"


def _exit_statuses(run: Path) -> dict[int, int]:
    """Return exit statuses by process id, as the launcher reports them."""
    with suppress(OSError):
        found = _REPORT.finditer((run / LOG).read_text("utf-8", errors="replace"))
        return {int(one[2]): int(one[1]) for one in found}
    return {}
