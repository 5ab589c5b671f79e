"""What a diff says: values made in the worker and read by every surface."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from inspect_tool.prompts.diff.align import Region


@dataclass(frozen=True, eq=False)
class Side:
    """One side's tokens: ``ids`` int32[n], the decoded ``text``, ``ends`` int32[n] into it."""

    ids: NDArray[np.int32]
    text: str
    ends: NDArray[np.int32]

    @classmethod
    def of(cls, ids: Iterable[int], texts: list[str]) -> Side:
        """Join the texts of the tokens, one per id."""
        lengths = np.fromiter(map(len, texts), dtype=np.int32, count=len(texts))
        ends = np.cumsum(lengths, dtype=np.int32)
        return cls(np.fromiter(ids, dtype=np.int32), "".join(texts), ends)

    def __len__(self) -> int:
        return len(self.ids)

    def texts(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Return the text of each of the tokens ``[start, stop)``."""
        stop = len(self) if stop is None else stop
        bounds = [int(self.ends[start - 1]) if start else 0, *self.ends[start:stop].tolist()]
        return [self.text[a:b] for a, b in pairwise(bounds)]

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/diff.json)."""
        return {"ids": self.ids.tolist(), "text": self.text}


@dataclass(frozen=True, slots=True)
class Difference:
    """Tokens that differ, the named cause, its evidence and what to do about it.

    ``same_text``: both sides read alike, only the ids differ. ``proven``: the cause was taken away
    in a second rendering, and the difference went with it.
    """

    region: Region
    cause: str
    message: str
    fix: str
    same_text: bool = False
    proven: bool = False
    mask: str = ""
    """What became of the labels of tokens that are the same."""

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/diff.json)."""
        at = self.region
        return {
            "train": [at.train_start, at.train_stop],
            "inference": [at.inference_start, at.inference_stop],
            "cause": self.cause,
            "message": self.message,
            "fix": self.fix,
            "same_text": self.same_text,
            "proven": self.proven,
            "mask": self.mask,
        }


@dataclass(frozen=True, slots=True)
class Stop:
    """The trained tokens after the answer against those that end generation.

    ``message`` and ``fix`` are empty where it is well. ``from_where`` says where the stops stand.
    """

    trained_end: tuple[int, ...]
    stop_ids: tuple[int, ...]
    ok: bool
    message: str = ""
    fix: str = ""
    from_where: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/diff.json)."""
        return {
            "trained_end": list(self.trained_end),
            "stop_ids": list(self.stop_ids),
            "ok": self.ok,
            "cause": None if self.ok else STOPSET,
            "message": self.message,
            "fix": self.fix,
        }


STOPSET = "D-STOPSET"


@dataclass(frozen=True, eq=False)
class Comparison:
    """One answer of one raw row against one target.

    ``row`` counts the raw rows of all datasets, ``entry`` is its dataset's dotted key and
    ``answer`` counts the trained answers of the row. ``inferred`` are the placeholders whose
    values were found by looking for them.
    """

    row: int
    entry: str
    answer: int
    target: str
    train: Side
    inference: Side
    differences: tuple[Difference, ...]
    stop: Stop
    inferred: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both prompts are the same ids."""
        return not self.differences

    @property
    def agrees(self) -> bool:
        """Whether the prompts are the same and what ends the answer will stop generation."""
        return self.equal and self.stop.ok

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes of all that differs, each once, in order."""
        found = [item.cause for item in self.differences]
        return tuple(dict.fromkeys([*found, *([] if self.stop.ok else [STOPSET])]))

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/diff.json)."""
        return {
            "row": self.row,
            "entry": self.entry,
            "answer": self.answer,
            "target": self.target,
            "train": self.train.to_json(),
            "inference": self.inference.to_json(),
            "equal": self.equal,
            "differences": [item.to_json() for item in self.differences],
            "stop": self.stop.to_json(),
            "inferred": list(self.inferred),
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """A raw row that could not be compared; ``target`` is None where training has no such row."""

    row: int
    target: str | None
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/diff.json)."""
        return {"row": self.row, "target": self.target, "message": self.message}


@dataclass(frozen=True)
class TargetSummary:
    """What a target came to: rows compared, rows that differ, and rows by cause."""

    target: str
    samples: int
    differing: int
    causes: dict[str, int]
    failed: int
    examples: dict[str, Comparison]

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/diff.json)."""
        return {
            "target": self.target,
            "samples": self.samples,
            "differing": self.differing,
            "causes": self.causes,
            "failed": self.failed,
        }


@dataclass(frozen=True)
class DiffReport:
    """All comparisons of a diff. ``notes`` say what was left out of the config.

    ``is_pair``: of two prepared folders, before and after, whose rows are prepared ones; a row
    without a counterpart is a difference, too.
    """

    targets: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    is_pair: bool = False

    @cached_property
    def summaries(self) -> tuple[TargetSummary, ...]:
        """One summary per target, in the order asked for."""
        return tuple(self._summary(target) for target in self.targets)

    @property
    def differs(self) -> bool:
        """Whether any row differs from any target."""
        lonely = self.is_pair and bool(self.failures)
        return lonely or any(summary.differing for summary in self.summaries)

    def _summary(self, target: str) -> TargetSummary:
        rows: dict[int, set[str]] = {}
        examples: dict[str, Comparison] = {}
        for item in self.comparisons:
            if item.target == target:
                rows.setdefault(item.row, set()).update(item.causes)
                for cause in item.causes:
                    examples.setdefault(cause, item)
        causes = Counter(cause for found in rows.values() for cause in found)
        return TargetSummary(
            target=target,
            samples=len(rows),
            differing=sum(bool(found) for found in rows.values()),
            causes=dict(sorted(causes.items(), key=lambda item: (-item[1], item[0]))),
            failed=len({item.row for item in self.failures if item.target in {target, None}}),
            examples=examples,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/diff.json)."""
        return {
            "targets": [summary.to_json() for summary in self.summaries],
            "samples": [item.to_json() for item in self.comparisons],
            "failures": [item.to_json() for item in self.failures],
            "notes": list(self.notes),
        }
