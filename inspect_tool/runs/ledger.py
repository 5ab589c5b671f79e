"""What became of every raw row of a config: prepared, truncated, dropped, and why.

Every raw row is rendered through axolotl and looked for among the prepared rows by content. A row
that is there is prepared, whatever a rule would say; a rule is asked only of those that are not.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.origin import digests
from inspect_tool.samples.prepared import PreparedDataset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from inspect_tool.prompts.strategies.tasks import Chunk, RowsInfo
    from inspect_tool.prompts.training import TrainingRows


class Fate(StrEnum):
    """What became of a raw row."""

    PREPARED = "prepared"
    TRUNCATED = "truncated"
    """Prepared, but cut to ``sequence_len``."""
    DROPPED = "dropped"
    EXPECTED = "expected"
    """Nothing is prepared yet; axolotl would keep it."""
    MISSING = "missing"
    """Axolotl would keep it, but the prepared dataset does not have it: it is stale."""
    FAILED = "failed"
    """Axolotl fails on it, and with it the whole preprocessing."""


REASONS: dict[str, tuple[str, str | None]] = {
    "too-long": ("longer than the limit", "sequence_len"),
    "too-short": ("shorter than the minimum", "min_sample_len"),
    "no-trained-tokens": ("packing drops rows without a trained token", "sample_packing"),
    "duplicate": ("the same tokens and labels as an earlier row", "dataset_exact_deduplication"),
    "empty": ("axolotl makes no row of it", None),
    "stale": ("the prepared dataset was made from other data, or another config", None),
    "error": ("axolotl's own words", None),
}
"""Why a row was not prepared: what that means, and the YAML key that decides."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One raw row. ``tokens`` and ``kept`` count tokens as rendered and as stored.

    ``prepared`` are row numbers of the prepared dataset: several where a text is cut into rows.
    ``reason`` is a key of REASONS, ``detail`` says it for this row.
    """

    source: int
    row: int
    fate: Fate
    tokens: int = 0
    trained: int = 0
    kept: int = 0
    prepared: tuple[int, ...] = ()
    reason: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Ledger:
    """The raw rows of one split in order, and the prepared rows that come from none of them."""

    split: str
    info: RowsInfo
    dataset: Path | None
    prepared: int
    rows: tuple[LedgerRow, ...]
    strangers: tuple[int, ...] = ()

    @property
    def fates(self) -> Mapping[Fate, int]:
        """How many raw rows met which fate."""
        return Counter(row.fate for row in self.rows)

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many raw rows were not prepared for which reason."""
        return Counter(row.reason for row in self.rows if row.reason)

    @property
    def agrees(self) -> bool:
        """Whether the dataset is what the config makes of its files now."""
        return not self.strangers and not self.fates.get(Fate.MISSING)


def ledger(
    rows: TrainingRows,
    dataset: Path | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Ledger:
    """Render every raw row and say what became of it; ``dataset`` None: of what is not yet there.

    ``progress`` is called with how many raw rows are done, and of how many.
    """
    keeper = _Keeper(rows.info, dataset)
    done = 0
    for chunk in rows.chunks(cuts=keeper.cuts):
        keeper.add(chunk)
        done += chunk.stop - chunk.start
        if progress is not None:
            progress(done, rows.info.rows)
    return Ledger(
        split=rows.request.split,
        info=rows.info,
        dataset=dataset,
        prepared=keeper.prepared,
        rows=tuple(keeper.rows),
        strangers=keeper.strangers,
    )


@dataclass(slots=True)
class _Made:
    """One prepared row that a raw row renders to, and what became of it."""

    tokens: int
    trained: int
    kept: int = 0
    prepared: int | None = None
    reason: str | None = None
    detail: str = ""


@dataclass
class _Keeper:
    """Matches chunks against the prepared rows; each of these is given out once."""

    info: RowsInfo
    dataset: Path | None
    rows: list[LedgerRow] = field(default_factory=list)
    prepared: int = 0
    _open: dict[bytes, deque[int]] = field(default_factory=dict)
    _first: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dataset is None:
            return
        dataset = PreparedDataset.open(self.dataset)
        self.prepared = len(dataset)
        found: dict[bytes, deque[int]] = defaultdict(deque)
        for row, digest in enumerate(digests(dataset)):
            found[digest.tobytes()].append(row)
        dataset.close()
        self._open = dict(found)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The lengths that prepared rows may be cut to."""
        return (self.info.limit,) if self.info.strategy == "truncate" else ()

    @property
    def strangers(self) -> tuple[int, ...]:
        """The prepared rows that no raw row renders to."""
        return tuple(sorted(row for left in self._open.values() for row in left))

    def add(self, chunk: Chunk) -> None:
        """Say what became of the chunk's raw rows."""
        made: dict[int, list[_Made]] = defaultdict(list)
        for index, row in enumerate(chunk.rows.tolist()):
            made[row].append(self._match(chunk, index))
        for row in range(chunk.start, chunk.stop):
            if row in chunk.failures:
                failure = chunk.failures[row]
                self.rows.append(
                    LedgerRow(chunk.source, row, Fate.FAILED, reason="error", detail=failure)
                )
            else:
                self.rows.append(self._row(chunk.source, row, made[row]))

    def _match(self, chunk: Chunk, index: int) -> _Made:
        digest = chunk.digests[index].tobytes()
        length, trained = int(chunk.lengths[index]), int(chunk.trained[index])
        made = _Made(length, max(trained, 0))
        for form, kept in ((digest, length), *self._cut(chunk, index)):
            left = self._open.get(form)
            if left:
                made.prepared, made.kept = left.popleft(), kept
                self._first.setdefault(digest, (chunk.source, int(chunk.rows[index])))
                return made
        made.reason, made.detail = self._why_not(chunk, index, digest)
        self._first.setdefault(digest, (chunk.source, int(chunk.rows[index])))
        return made

    def _cut(self, chunk: Chunk, index: int) -> list[tuple[bytes, int]]:
        return [(digest, length) for length, digest in chunk.cuts.get(index, {}).items()]

    def _why_not(self, chunk: Chunk, index: int, digest: bytes) -> tuple[str | None, str]:
        length, info = int(chunk.lengths[index]), self.info
        if not chunk.kept[index]:
            if chunk.trained[index] < 0:
                return "too-long", f"prompt and answer exceed {info.limit_key} {info.limit:,}"
            if length > info.limit:
                return "too-long", f"{length:,} tokens, {info.limit_key} {info.limit:,}"
            return "too-short", f"{length:,} tokens, min_sample_len {info.shortest}"
        if info.drops_untrained and not chunk.trained[index]:
            return "no-trained-tokens", f"none of {length:,} tokens is trained"
        if info.deduplicates and digest in self._first:
            source, row = self._first[digest]
            return "duplicate", f"as {info.sources[source].entry} row {row}"
        return (None, "") if self.dataset is None else ("stale", "")

    def _row(self, source: int, row: int, made: list[_Made]) -> LedgerRow:
        left_out = next((item for item in made if item.reason), None)
        there = tuple(item.prepared for item in made if item.prepared is not None)
        tokens = sum(item.tokens for item in made)
        kept = sum(item.kept for item in made)
        return LedgerRow(
            source=source,
            row=row,
            fate=_fate(made, there, kept=kept, tokens=tokens),
            tokens=tokens,
            trained=sum(item.trained for item in made),
            kept=kept,
            prepared=there,
            reason=left_out.reason if left_out else None if made else "empty",
            detail=left_out.detail if left_out else "",
        )


def _fate(made: list[_Made], there: tuple[int, ...], *, kept: int, tokens: int) -> Fate:
    if there:
        return Fate.TRUNCATED if kept < tokens else Fate.PREPARED
    if any(item.reason == "stale" for item in made):
        return Fate.MISSING
    if not made or all(item.reason for item in made):
        return Fate.DROPPED
    return Fate.EXPECTED


def to_json(found: Ledger, lines: Callable[[int, int], int | None]) -> dict[str, Any]:
    """Return the documented form (docs/schemas/ledger.json); ``lines`` gives a raw row's line."""
    return {
        "split": found.split,
        "dataset": str(found.dataset) if found.dataset else None,
        "raw": len(found.rows),
        "prepared": found.prepared,
        "agrees": found.agrees,
        "fates": {fate.value: found.fates.get(fate, 0) for fate in Fate},
        "reasons": dict(found.reasons),
        "strangers": list(found.strangers),
        "sources": [
            {"entry": source.entry, "files": list(source.files), "rows": source.rows}
            for source in found.info.sources
        ],
        "rows": [
            {
                "entry": found.info.sources[row.source].entry,
                "row": row.row,
                "line": lines(row.source, row.row),
                "fate": row.fate.value,
                "prepared": list(row.prepared),
                "tokens": row.tokens,
                "trained": row.trained,
                "kept": row.kept,
                "reason": row.reason,
                "detail": row.detail,
                "key": REASONS[row.reason][1] if row.reason else None,
            }
            for row in found.rows
        ],
    }
