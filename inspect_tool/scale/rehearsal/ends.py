"""Why a run of a rehearsal came to no good end: which rank ended first, and what its log says."""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from inspect_tool.findings import Finding
from inspect_tool.runs.failures.explain import explain
from inspect_tool.runs.journal import LOG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tool.scale.rehearsal.run import Outcome

_FIRST = re.compile(
    r"Root Cause \(first observed failure\):.*?rank\s*:\s*(\d+).*?exitcode\s*:\s*(-?\d+)", re.DOTALL
)
"""torchrun's report at the end of its log (torch/distributed/elastic/multiprocessing/errors)."""
_REPORT = re.compile(
    r"^.*(?:ChildFailedError|subprocess\.CalledProcessError|Sending process \d+ closing signal)",
    re.MULTILINE,
)
"""Where the launcher's own words begin, which name no cause."""
SAVE_FAILED = "R-SAVE-FAILED"
READ_CHARACTERS = 2_000_000


def find(outcome: Outcome) -> Iterator[Finding]:
    """Yield what went wrong with one run; nothing where it ended well."""
    which = "on one process" if outcome.part.which == "one" else f"on {outcome.part.processes}"
    log = outcome.part.folder / LOG
    if outcome.all_ended:
        yield from _after_training(outcome, which, log)
        return
    reached = min((len(rank.steps) for rank in outcome.ranks), default=0)
    where = f"after step {reached}" if reached else "before the first step"
    if outcome.stuck:
        late = sorted(
            r.process.rank for r in outcome.ranks if not r.ended and len(r.steps) == reached
        )
        yield _error(
            "R-HUNG",
            f"the run {which} said nothing any more {where} and was ended; {_ranks(late)}",
            fix=f"inspect-tool hang shows where a living run waits; {log}",
        )
        return
    cause, fix = _cause(outcome, log)
    yield _error("R-RUN-FAILED", f"the run {which} failed {where}: {cause}", fix=fix)


def _after_training(outcome: Outcome, which: str, log: Path) -> Iterator[Finding]:
    if outcome.stuck:
        yield Finding(
            code="R-SAVE-HUNG",
            severity="warning",
            message=f"the run {which} trained, then did not end; it was ended",
            fix=f"seen rarely, after saving; a launcher should end such a run; {log}",
        )
    elif outcome.exit_status:
        cause, fix = _cause(outcome, log)
        yield _error(
            SAVE_FAILED, f"the run {which} trained and then failed to save: {cause}", fix=fix
        )


def _cause(outcome: Outcome, log: Path) -> tuple[str, str]:
    """Return the first failed rank with its own last words, and where to read on."""
    text = _read(log)
    first = next(reversed(list(_FIRST.finditer(text))), None)
    rest = f"the log has the rest: {log}"
    report = _REPORT.search(text)
    before = text[: report.start()] if report else text
    if first is None:
        failure = explain(before, exit_status=outcome.exit_status or 1)
        if failure is None:
            return "it said no word of why", rest
        return failure.cause, f"{failure.fix}; {rest}" if failure.known else rest
    rank, status = int(first[1]), int(first[2])
    if status < 0:
        return f"rank {rank} was ended first, by {_signal(-status)}", rest
    own = "\n".join(line for line in before.splitlines() if line.startswith(f"[rank{rank}]:"))
    failure = explain(own or before, exit_status=status)
    said = failure.cause if failure else f"exit status {status}"
    known = f"{failure.fix}; {rest}" if failure and failure.known else rest
    return f"rank {rank} ended first: {said}", known


def _read(log: Path) -> str:
    with suppress(OSError):
        return log.read_text("utf-8", "replace")[-READ_CHARACTERS:]
    return ""


def _signal(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _ranks(late: list[int]) -> str:
    if not late:
        return "no rank had begun"
    return f"rank{'s' if late[1:] else ''} {', '.join(map(str, late))} came no further"


def _error(code: str, message: str, *, fix: str = "") -> Finding:
    return Finding(code=code, severity="error", message=message, fix=fix)
