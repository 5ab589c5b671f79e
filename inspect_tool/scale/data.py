"""What is known of a config's training data: the prepared dataset that a launch would read."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.bases import absolute
from inspect_tool.runs.folders import FolderState, PreparedFolder, prepared_folders
from inspect_tool.runs.match import likeliest_of, prepared_roots
from inspect_tool.samples.census import census
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.scale.batch import Rows
from inspect_tool.scale.digest import digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.runs.config import Config

TIMEOUT = 180.0
"""Seconds for one hash, the import of axolotl on a loaded machine included."""


@dataclass(frozen=True)
class Data:
    """A config's training data. ``rows`` None: nothing is prepared that a launch would read.

    ``message`` says what was found, in one line. ``lengths`` int32[rows] are tokens of the training
    rows, ``eval_lengths`` of those held out. ``stored`` is False for data that axolotl never
    prepares ahead. ``raw_bytes`` counts the local data files, None where some are elsewhere.
    """

    message: str = ""
    rows: Rows | None = None
    folder: Path | None = None
    certain: bool = False
    stored: bool = True
    has_eval: bool = False
    raw_bytes: int | None = None
    lengths: NDArray[np.int32] | None = field(default=None, repr=False, compare=False)
    eval_lengths: NDArray[np.int32] | None = field(default=None, repr=False, compare=False)

    @property
    def longest(self) -> int | None:
        """Tokens of the longest row."""
        if self.lengths is None or not len(self.lengths):
            return None
        return int(self.lengths.max()) or None

    @property
    def state(self) -> str:
        """A name for the folder as it stands."""
        return "" if self.folder is None else f"{self.folder}@{_modified(self.folder)}"


def find_data(config: Config, *, cwd: Path, worker: Callable[[], AxolotlWorker] | None) -> Data:
    """Find and count what ``config``'s paths lead to from ``cwd``.

    ``worker`` is called only where axolotl never said what it names the folder; without one the
    likeliest folder is taken, and ``certain`` is False. Never raises for what is damaged or away.
    """
    has_eval = bool(config.val_set_size or config.test_datasets)
    raw = _raw_bytes(config, cwd)
    if config.unprepared_key:
        said = f"{config.unprepared_key} is set: axolotl prepares nothing ahead"
        return Data(said, stored=False, has_eval=has_eval, raw_bytes=raw)
    names = prepared_names(config, cwd=cwd, worker=worker)
    folder = _folder(config, cwd, names)
    if folder is None:
        said = "not prepared yet" if names else "no prepared dataset was found"
        return Data(said, has_eval=has_eval, raw_bytes=raw)
    certain = bool(names)
    how = "axolotl's own name for it" if certain else "assumed: the likeliest folder"
    try:
        return _counted(config, folder, f"{folder.name} ({how})", certain=certain, raw=raw)
    except InspectError as error:
        return Data(f"{folder.name}: {error.message}", has_eval=has_eval, raw_bytes=raw)


def prepared_names(
    config: Config, *, cwd: Path, worker: Callable[[], AxolotlWorker] | None
) -> tuple[str, ...]:
    """Return axolotl's names for the prepared folders of ``config``; empty where it did not say."""
    from inspect_tool.axolotl_tasks import AxolotlRefusedError, identify

    file = _cache(config, cwd)
    with suppress(OSError, ValueError):
        return tuple(str(name) for name in json.loads(file.read_text("utf-8")))
    if worker is None:
        return ()
    names: tuple[str, ...] = ()
    try:
        names = worker().call(identify, config.path, cwd, timeout=TIMEOUT).hashes
    except AxolotlRefusedError:
        pass  # it prepares nothing for it, and need not be asked again
    except InspectError:
        return ()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(names), "utf-8")
    return names


def _counted(config: Config, folder: Path, message: str, *, certain: bool, raw: int | None) -> Data:
    dataset = PreparedDataset.open(folder)
    counts = census(dataset)
    total = len(dataset)
    held_out = config.eval_rows(total)
    kept = total - held_out
    known = dataset.kind.tokenized
    rows = Rows(
        rows=kept,
        tokens=int(counts.lengths[:kept].sum(dtype="int64")) if known else None,
        trained=int(counts.trained[:kept].sum(dtype="int64"))
        if known and counts.labelled
        else None,
        eval_rows=held_out or None,
    )
    return Data(
        message=f"{message}, {total:,} rows" + (f", {held_out:,} held out" if held_out else ""),
        rows=rows,
        folder=folder,
        certain=certain,
        has_eval=bool(held_out or config.test_datasets),
        raw_bytes=raw,
        lengths=counts.lengths[:kept] if known else None,
        eval_lengths=counts.lengths[kept:] if known and held_out else None,
    )


def _folder(config: Config, cwd: Path, names: tuple[str, ...]) -> Path | None:
    """Return the complete folder that axolotl would take, or without its names the likeliest."""
    found = [
        folder
        for root in prepared_roots(config, cwd=cwd)
        for folder in prepared_folders(root)
        if folder.state is FolderState.COMPLETE
    ]
    if names:
        own: list[PreparedFolder] = [item for item in found if item.path.name == names[0]]
        return own[0].path if own else None
    likely = likeliest_of(found, config)
    return likely[0].path if likely else None


def _raw_bytes(config: Config, cwd: Path) -> int | None:
    total = 0
    for entry in config.datasets:
        for name in entry.files:
            file = absolute(name, base=cwd)
            try:
                if not file.is_file():
                    return None
                total += file.stat().st_size
            except (OSError, ValueError):
                return None
    return total


def _modified(folder: Path) -> float:
    try:
        return max((item.stat().st_mtime for item in folder.iterdir()), default=0.0)
    except OSError:
        return 0.0


def _cache(config: Config, cwd: Path) -> Path:
    import platformdirs

    from inspect_tool.axolotl_tasks import versions

    key = digest(dict(config.values), str(cwd), versions())
    return platformdirs.user_cache_path("inspect-tool") / "scale" / f"{key}-names"
