"""What ended runs cached, removed to make room: never a run that goes on, never what tells of it.

Every debug run has caches of its own, so that its rows are really tokenised; they are of no use
once it has ended. Its plan, config, log, status, metrics and batches stay.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.folders import RUNS
from inspect_tool.runs.journal import PLAN, read_status

if TYPE_CHECKING:
    from pathlib import Path

CACHES = ("hf_datasets", "prepared", "out", "weights", "one/out", "many/out")
"""Folders of a run: the cache of `datasets`, axolotl's prepared rows, the trained model; and the
weights that a rehearsal starts from, and what its two runs trained."""
REHEARSAL = "-rehearsal"
"""Ends the name of a config's rehearsals, before their number."""


@dataclass(frozen=True)
class Cleaned:
    """One run: the caches that were removed, their bytes; ``live`` runs are left alone."""

    run: Path
    removed: tuple[str, ...] = ()
    size: int = 0
    live: bool = False


def clean_runs(cwd: Path, *, name: str | None = None) -> tuple[Cleaned, ...]:
    """Remove the caches of every ended run below ``cwd``, or of those of one config's stem.

    Raises InspectError where one cannot be removed.
    """
    root = cwd / RUNS
    runs = sorted(root.iterdir()) if root.is_dir() else []
    return tuple(
        _clean(run)
        for run in runs
        if (run / PLAN).is_file() and not run.is_symlink() and _is_of(run.name, name)
    )


def _is_of(run: str, name: str | None) -> bool:
    stem, _, number = run.rpartition("-")
    return name is None or (stem.removesuffix(REHEARSAL) == name and number.isdigit())


def _clean(run: Path) -> Cleaned:
    status = read_status(run)
    if status is not None and not status.state.over:
        return Cleaned(run, live=True)
    removed, size = [], 0
    for name in CACHES:
        cache = run / name
        if cache.is_dir() and not cache.is_symlink():
            size += sum(file.lstat().st_size for file in cache.rglob("*") if file.is_file())
            try:
                shutil.rmtree(cache)
            except OSError as error:
                raise InspectError(
                    f"cannot be removed ({error.strerror})", place=error.filename or cache
                ) from None
            removed.append(name)
    return Cleaned(run, tuple(removed), size)
