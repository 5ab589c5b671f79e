"""Whether a prepared dataset is still what its config makes: a few raw rows rendered again decide.

Axolotl reuses a folder whose name agrees, also when the data file, the template, the tokenizer or
axolotl itself changed. A sample of raw rows is rendered and looked for among the prepared ones;
reasons are what is known to have changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.axolotl_tasks import PACKAGES
from inspect_tool.errors import InspectError
from inspect_tool.prompts.explained import NOWHERE, RawPlace
from inspect_tool.prompts.origin import digest_of
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.runs.confirm import confirm, newer_inputs
from inspect_tool.runs.sidecar import read_sidecar
from inspect_tool.runs.target import Status, Target
from inspect_tool.samples.prepared import PreparedDataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.strategies.tasks import Chunk

SAMPLED = 20
"""How many raw rows are rendered again unless said otherwise."""


class Verdict(StrEnum):
    """What the sample says."""

    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"
    """No config is known, or axolotl cannot render its rows."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A raw row that the prepared dataset does not have as axolotl renders it now.

    ``how``: ``relabelled`` (the same tokens with other labels, ``prepared`` is the row) or
    ``absent`` (no row has these tokens).
    """

    source: int
    row: int
    how: str
    prepared: int | None = None
    place: RawPlace = NOWHERE


@dataclass(frozen=True)
class Staleness:
    """The verdict over ``sampled`` raw rows, what differs, and what is known to have changed.

    ``certain`` reasons come from a sidecar; others are inferred from times and names.
    """

    verdict: Verdict
    sampled: int = 0
    differing: tuple[Differing, ...] = ()
    reasons: tuple[str, ...] = ()
    certain: bool = False

    @property
    def message(self) -> str:
        """One line for a person."""
        why = f": {self.reasons[0]}" if self.reasons else ""
        more = f" (and {len(self.reasons) - 1} more)" if len(self.reasons) > 1 else ""
        match self.verdict:
            case Verdict.FRESH:
                return f"fresh: {self.sampled} raw rows render as they are stored"
            case Verdict.STALE:
                count = f"{len(self.differing)} of {self.sampled} raw rows render differently"
                return f"stale: {count}{why}{more}"
            case _:
                return f"not known to be fresh{why}{more}"


def stale(
    target: Target, worker: AxolotlWorker, *, rows: int = SAMPLED, confirmed: bool = False
) -> Staleness:
    """Render ``rows`` raw rows again and look for them in the target's dataset.

    ``confirmed``: the target went through ``confirm`` already. Never raises for what the config or
    the data cause: the verdict is then UNKNOWN, with the reason.
    """
    if target.dataset is None or target.config is None:
        return Staleness(Verdict.UNKNOWN, reasons=(target.message,))
    known = target if confirmed else confirm(target, worker)
    reasons, certain = _reasons(known)
    try:
        sampled, differing = _differing(known, worker, rows)
    except InspectError as error:
        return Staleness(Verdict.UNKNOWN, reasons=(str(error), *reasons), certain=certain)
    verdict = Verdict.STALE if differing else Verdict.FRESH
    return Staleness(verdict, sampled, tuple(differing), reasons, certain)


def _differing(target: Target, worker: AxolotlWorker, count: int) -> tuple[int, list[Differing]]:
    assert target.config is not None
    assert target.dataset is not None
    split = target.split or "train"
    raw = TrainingRows(worker, target.config.path, target.cwd, split=split)
    stored = _Stored(target)
    found: list[Differing] = []
    sample = _spread([source.rows for source in raw.info.sources], count)
    cuts = (raw.info.limit,) if raw.info.strategy == "truncate" else ()
    try:
        for source, row in sample:
            chunk = raw.chunk(source, row, row + 1, cuts=cuts)
            if row in chunk.failures:
                found.append(Differing(source, row, "absent", place=raw.place(source, row)))
            elif not _is_there(chunk, stored, drops_untrained=raw.info.drops_untrained):
                found.append(_how(raw, stored, source, row))
    finally:
        stored.close()
    return len(sample), found


def _is_there(chunk: Chunk, stored: _Stored, *, drops_untrained: bool) -> bool:
    """Tell whether every prepared row that a raw one makes is stored, or rightly dropped."""
    for index, digest in enumerate(chunk.digests):
        untrained = drops_untrained and chunk.trained[index] == 0
        if untrained or not chunk.kept[index]:
            continue
        forms = {int(chunk.lengths[index]): digest.tobytes(), **chunk.cuts.get(index, {})}
        if not any(stored.has(length, form) for length, form in forms.items()):
            return False
    return True


def _how(raw: TrainingRows, stored: _Stored, source: int, row: int) -> Differing:
    place = raw.place(source, row)
    for explained in raw.explain(source, row):
        prepared = stored.row_of_ids(explained.ids)
        if prepared is not None:
            return Differing(source, row, "relabelled", prepared, place)
    return Differing(source, row, "absent", place=place)


class _Stored:
    """The prepared rows, found by their length first: hashing all of them would take seconds."""

    def __init__(self, target: Target) -> None:
        assert target.dataset is not None
        self._dataset = PreparedDataset.open(target.dataset.path)
        self._lengths: NDArray[np.int64] = _lengths(self._dataset)
        self._texts: set[bytes] | None = None

    def close(self) -> None:
        self._dataset.close()

    def has(self, length: int, digest: bytes) -> bool:
        if not self._dataset.kind.tokenized:
            if self._texts is None:
                self._texts = {digest_of(sample) for sample in self._dataset.samples()}
            return digest in self._texts
        return any(digest_of(self._dataset.sample(row)) == digest for row in self._rows(length))

    def row_of_ids(self, ids: NDArray[np.integer[Any]]) -> int | None:
        for row in self._rows(len(ids)):
            if np.array_equal(self._dataset.sample(row).sequences[0].ids, ids):
                return row
        return None

    def _rows(self, length: int) -> list[int]:
        return [int(row) for row in np.flatnonzero(self._lengths == length)]


def _lengths(dataset: PreparedDataset) -> NDArray[np.int64]:
    """Return the tokens of each row, all its sequences together; int64[rows]."""
    total = np.zeros(len(dataset), dtype=np.int64)
    for columns in dataset.kind.sequences:
        for block in dataset.blocks if columns.ids else ():
            _, offsets = block.lists(columns.ids or "")
            total[block.first : block.first + len(block)] += np.diff(offsets)
    return total


def _spread(sizes: list[int], count: int) -> list[tuple[int, int]]:
    """Choose ``count`` rows evenly over all datasets: first and last are among them."""
    total = sum(sizes)
    chosen = np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(np.int64))
    starts = np.cumsum([0, *sizes])
    sources = np.searchsorted(starts, chosen, side="right") - 1
    return [
        (int(source), int(row - starts[source]))
        for source, row in zip(sources, chosen, strict=True)
    ]


def _reasons(target: Target) -> tuple[tuple[str, ...], bool]:
    """Name what changed since: for certain by the sidecar, else by hash and times."""
    assert target.dataset is not None
    assert target.config is not None
    sidecar = read_sidecar(target.dataset.path)
    if sidecar is not None:
        return sidecar.changes(target.config, cwd=target.cwd), True
    reasons = [target.message] if target.status is Status.STALE else []
    if not reasons:
        reasons += [
            f"{path} changed after it was prepared"
            for path in newer_inputs(
                target.config,
                cwd=target.cwd,
                than=target.dataset.modified,
                tokenizer=target.tokenizer,
            )
        ]
    reasons += [
        f"{package} was installed after it was prepared"
        for package in PACKAGES
        if _installed(package) > target.dataset.modified
    ]
    return tuple(reasons), False


def _installed(package: str) -> float:
    """When a package was installed, in seconds; 0 where nothing tells."""
    try:
        metadata = distribution(package).locate_file(f"{package}/__init__.py")
        return float(metadata.stat().st_mtime)  # type: ignore[attr-defined]
    except (PackageNotFoundError, OSError, AttributeError):
        return 0.0
