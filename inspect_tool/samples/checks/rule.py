"""What a rule is: it looks at stretches of rows, and concludes findings from all it saw.

``look`` runs in several threads and keeps nothing; ``conclude`` runs once, at the end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from inspect_tool.findings import Finding, Severity
from inspect_tool.samples.checks.evidence import shown_token
from inspect_tool.samples.checks.lens import Lens
from inspect_tool.samples.checks.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from inspect_tool.samples.census import Census
    from inspect_tool.samples.checks.intent import Intent
    from inspect_tool.samples.checks.markers import Markers
    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.views import RowsView, SequenceView

    Integers = NDArray[np.integer[Any]]

LabelsMean = Literal["tokens", "classes", "nothing"]
"""Labels are the ids to predict, classes of steps (process reward), or not stored."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What is known before the pass: the dataset, its tokenizer's markers and the config's wish."""

    dataset: PreparedDataset
    markers: Markers | None
    intent: Intent
    labels: LabelsMean

    @property
    def trains_tokens(self) -> bool:
        """Whether labels say which tokens are trained."""
        return self.labels == "tokens"

    @property
    def tokenized(self) -> bool:
        """Whether rows hold token ids."""
        return self.dataset.kind.tokenized


@dataclass(frozen=True, eq=False, slots=True)
class Hits:
    """Places that a rule noticed, all int64[h], in the order of rows.

    Dataset row, token in it (-1 for the row as a whole), a note of the rule's own, and the
    number of the sequence (0, or 1 for the second of a pair).
    """

    rows: NDArray[np.int64]
    tokens: NDArray[np.int64]
    notes: NDArray[np.int64]
    sides: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def at(
        cls,
        view: SequenceView,
        places: Integers,
        notes: Integers | int = 0,
        *,
        each_note: bool = True,
    ) -> Hits:
        """Make hits of ``places``, tokens of a view: each row's first of each note (or of all)."""
        row = view.row_of(places)
        note = np.broadcast_to(np.asarray(notes, dtype=np.int64), row.shape)
        side = np.full(len(row), view.number)
        hits = cls(row + view.first, places - view.offsets[row], note, side)
        return hits.first_of_rows(each_note=each_note)

    @classmethod
    def in_rows(cls, view: SequenceView, rows: Integers, notes: Integers | int = 0) -> Hits:
        """Make hits of whole ``rows`` of a view; their token is -1."""
        note = np.broadcast_to(np.asarray(notes, dtype=np.int64), rows.shape)
        whole, side = np.full(len(rows), -1), np.full(len(rows), view.number)
        return cls(rows.astype(np.int64) + view.first, whole, note, side)

    def first_of_rows(self, *, each_note: bool) -> Hits:
        """Keep each row's first hit, or its first hit of each note."""
        if len(self) < 2:
            return self
        groups = self.notes if each_note else self.notes * 0
        order = np.lexsort((self.tokens, groups, self.rows))
        rows, groups = self.rows[order], groups[order]
        new = np.ones(len(order), dtype=np.bool_)
        new[1:] = (rows[1:] != rows[:-1]) | (groups[1:] != groups[:-1])
        return self.only(order[new])

    def only(self, chosen: NDArray[Any]) -> Hits:
        """Keep the chosen ones (a mask or indices)."""
        return Hits(*(array[chosen] for array in self.arrays))

    @classmethod
    def joined(cls, parts: Iterable[Hits]) -> Hits:
        """Put the hits of several stretches together, in their order."""
        found = [part.arrays for part in parts if len(part)]
        if not found:
            return cls.of_rows(np.empty(0, dtype=np.int64))
        return cls(*map(np.concatenate, zip(*found, strict=True)))

    @classmethod
    def of_rows(cls, rows: Integers) -> Hits:
        """Make hits of whole dataset rows."""
        zeros = np.zeros(len(rows), dtype=np.int64)
        return cls(rows.astype(np.int64), zeros - 1, zeros, zeros)

    @property
    def arrays(self) -> tuple[NDArray[np.int64], ...]:
        """Return rows, tokens, notes and sides."""
        return self.rows, self.tokens, self.notes, self.sides


@dataclass(frozen=True, eq=False)
class Summary:
    """What is known after the pass: the setting, the census, and what rules share."""

    setting: Setting
    census: Census
    longest: int
    """Tokens of the longest sequence (of either side, for pairs)."""
    last_trained: NDArray[np.int32]
    """The id of every row's last trained token, white space aside, int32[rows], -1 for none."""

    @property
    def cut_length(self) -> int:
        """Return the length at which rows look cut: sequence_len, or else the longest."""
        return self.setting.intent.sequence_len or self.longest

    def everywhere(self, hits: Hits) -> bool:
        """Tell whether every row is hit: then the config is the place to look."""
        return len(np.unique(hits.rows)) == self.census.rows

    def finding(
        self,
        code: str,
        severity: Severity,
        message: str,
        *,
        hits: Hits,
        fix: str,
        key: str | None = None,
        evidence: str | None = None,
    ) -> Finding:
        """Make a finding of hits: exact count, all rows, and the first hit's token shown."""
        rows = Rows(hits.rows)
        return Finding(
            code=code,
            severity=severity,
            message=message,
            count=len(rows),
            rows=rows,
            key=key,
            fix=fix,
            evidence=self.shown(hits) if evidence is None else evidence,
        )

    def shown(self, hits: Hits) -> str:
        """Return the first hit's token among its neighbours, safe to print."""
        if not len(hits):
            return ""
        vocabulary = self.setting.markers.vocabulary if self.setting.markers else None
        return shown_token(
            self.setting.dataset,
            vocabulary,
            row=int(hits.rows[0]),
            token=int(hits.tokens[0]),
            sequence=int(hits.sides[0]),
        )


class RowsLens:
    """A stretch of rows as rules look at it: plain columns, and a lens for each sequence."""

    def __init__(self, view: RowsView, setting: Setting) -> None:
        self.view = view
        self.sequences = tuple(Lens(sequence, setting.markers) for sequence in view.sequences)

    def __len__(self) -> int:
        return len(self.view)


class Rule(ABC):
    """One thing that goes wrong, looked for in every row."""

    code: ClassVar[str]
    """Stable across releases; docs/checks.md describes it."""
    title: ClassVar[str]
    """What is found, in a few words."""
    needs_tokens: ClassVar[bool] = True
    needs_trained: ClassVar[bool] = False
    needs_vocabulary: ClassVar[bool] = False
    on_request: ClassVar[bool] = False
    """Left out unless asked for by name."""
    at_end: ClassVar[bool] = False
    """Concludes only when every row was seen: it would take too long in between."""

    def applies(self, setting: Setting) -> bool:
        """Tell whether a dataset of this kind can have the fault at all."""
        if self.needs_trained:
            return setting.trains_tokens
        return setting.tokenized or not self.needs_tokens

    def undecided(self, setting: Setting) -> str | None:
        """Return why the rule cannot be decided here, None if it can."""
        if self.needs_vocabulary and setting.markers is None:
            return "no tokenizer"
        return None

    @abstractmethod
    def look(self, rows: RowsLens, setting: Setting) -> Any:
        """Return what a stretch of rows shows, or None; called in several threads."""

    @abstractmethod
    def conclude(self, parts: list[Any], summary: Summary) -> Iterator[Finding]:
        """Yield findings from what ``look`` returned, in the order of rows, Nones left out."""


class SequenceRule(Rule):
    """A rule that looks at each token sequence by itself and notices places."""

    def look(self, rows: RowsLens, setting: Setting) -> list[Hits] | None:
        """Look at each sequence."""
        found = [hits for lens in rows.sequences if (hits := self.notice(lens, setting))]
        return found or None

    def conclude(self, parts: list[Any], summary: Summary) -> Iterator[Finding]:
        """Put the hits of all stretches together and report on them."""
        hits = Hits.joined(hits for part in parts for hits in part)
        if len(hits):
            yield from self.report(hits, summary)

    @abstractmethod
    def notice(self, lens: Lens, setting: Setting) -> Hits | None:
        """Return the places of one sequence where something is wrong."""

    @abstractmethod
    def report(self, hits: Hits, summary: Summary) -> Iterator[Finding]:
        """Yield findings on all hits; there is at least one."""
