"""Tokenising while GPUs wait, and collectives that run out of patience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.batch import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Severity
    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-PREP-TIMEOUT",)

BYTES_A_SECOND: Final = 1_000_000
"""Of raw data, that one process tokenises: low, so that the wait is not understated."""
MINUTE: Final = 60
DEFAULT_TIMEOUT: Final = 1800
"""Seconds after which a collective gives up (transformers training_args.py, ddp_timeout)."""


def look(case: Case) -> Iterator[Finding]:
    """One process of a machine tokenises while the others wait for its lock (utils/data/lock.py).

    A lock has no time-out. Machines that share no disk tokenise each for itself, and the first one
    that is done waits in a collective, which has one.
    """
    if not case.many or not case.data.stored or case.data.rows is not None:
        return
    timeout = whole(case.values.get("ddp_timeout")) or DEFAULT_TIMEOUT
    seconds = None if case.data.raw_bytes is None else case.data.raw_bytes / BYTES_A_SECOND
    short = seconds is not None and seconds < MINUTE
    long = seconds is None or seconds > timeout
    wait = "for as long as that takes"
    if seconds is not None:
        wait = f"for some {seconds / 60:.0f} minutes" if seconds >= MINUTE else "for a moment"
    machines = (
        f"; machines without a shared disk each do it, and the first that is done gives up after "
        f"ddp_timeout {timeout} s"
        if case.fleet.nodes > 1
        else ""
    )
    severity: Severity = "info" if short else "warning"
    if seconds is not None and long and case.fleet.nodes > 1:
        severity = "error"
    yield Finding(
        code="P-PREP-TIMEOUT",
        severity=severity,
        message=f"the data is not prepared: {case.fleet.processes - 1} GPUs wait while one process "
        f"tokenises it, {wait}{machines}",
        key="dataset_prepared_path",
        fix=f"axolotl preprocess {case.config.name} first"
        + (f", and ddp_timeout above {timeout}" if long and machines else ""),
    )
