"""``python -m inspect_tool.scale.ranks.main MODULE ARGUMENT...``: one rank of a run, recorded.

Started by accelerate or torchrun in place of axolotl's own module, which it then becomes. Writes
the rank's record into the run's folder, and listens for a debugger where this rank is to have one.
"""

from __future__ import annotations

import os
import runpy
import sys
from dataclasses import replace
from pathlib import Path

from inspect_tool.runs.journal import RUN_KEY
from inspect_tool.runs.ports import HOST
from inspect_tool.scale.ranks.record import Rank, RankState, folder_of

DEBUG_KEY = "INSPECT_TOOL_DEBUG_RANKS"
"""Names the ranks that wait for a debugger, and the port of rank 0: ``5678:0,1``."""
READY = "rank {rank} waits for a debugger on {host}:{port}"


def main() -> None:
    """Become the module, as this rank."""
    run = Path(os.environ[RUN_KEY])
    rank = Rank.own()
    if rank.rank > 0:
        os.environ[RUN_KEY] = str(folder_of(run, rank.rank))
    rank.write(run)
    port = _port(rank.rank)
    if port is not None:
        _wait_for_debugger(run, replace(rank, port=port, state=RankState.WAITING))
        rank = replace(rank, port=port)
        rank.write(run)
    try:
        _become(sys.argv[1:])
    except SystemExit as error:
        failed = error.code not in (None, 0)
        rank.ending(RankState.FAILED if failed else RankState.FINISHED).write(run)
        raise
    except BaseException as error:
        rank.ending(RankState.FAILED, f"{type(error).__name__}: {error}").write(run)
        raise
    rank.ending(RankState.FINISHED).write(run)


def _become(argv: list[str]) -> None:
    from inspect_tool.runs.stops.hook import install

    install()
    sys.argv = argv
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)


def _port(rank: int) -> int | None:
    base, _, ranks = os.environ.get(DEBUG_KEY, "").partition(":")
    return int(base) + rank if str(rank) in ranks.split(",") else None


def _wait_for_debugger(run: Path, rank: Rank) -> None:
    """Listen on this machine alone; children are left alone, or each would wait for a client."""
    import debugpy

    assert rank.port is not None
    debugpy.configure(subProcess=False)
    debugpy.listen((HOST, rank.port))
    rank.write(run)
    print(READY.format(rank=rank.rank, host=HOST, port=rank.port), flush=True)
    debugpy.wait_for_client()


if __name__ == "__main__":
    main()
