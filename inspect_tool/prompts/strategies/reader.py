"""What every reader of raw rows does: render a row as axolotl does, and say why of each token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from inspect_tool.prompts.digests import column_digest, token_digest
from inspect_tool.prompts.explained import Explained, Turn
from inspect_tool.prompts.rules import CODES, RULES, UNEXPLAINED, Rule
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from inspect_tool.prompts.strategies.sources import SourceMap

Row = dict[str, Any]
"""One raw row, as `datasets` gives it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one prepared row is made of: named token sequences with labels, or columns of text."""

    sequences: tuple[tuple[str, list[int]], ...] = ()
    labels: list[int] | None = None
    columns: dict[str, Any] | None = None

    @property
    def ids(self) -> list[int]:
        """The ids of the first sequence; empty where there is none."""
        return self.sequences[0][1] if self.sequences else []

    @property
    def digest(self) -> bytes:
        """The row's content in 16 bytes."""
        if self.columns is not None:
            return column_digest(self.columns)
        return token_digest(*(ids for _, ids in self.sequences), self.labels)

    @property
    def length(self) -> int:
        """Tokens of all sequences."""
        return sum(len(ids) for _, ids in self.sequences)

    @property
    def trained(self) -> int:
        """Tokens that enter the loss; -1 where no labels are stored."""
        if self.labels is None:
            return -1
        return sum(label != IGNORE_INDEX for label in self.labels)

    def cut(self, length: int) -> Rendered:
        """Return the row cut to ``length`` tokens."""
        name, ids = self.sequences[0]
        labels = None if self.labels is None else self.labels[:length]
        return Rendered(((name, ids[:length]),), labels)


@dataclass(frozen=True, slots=True)
class Place:
    """Which row is explained: its dataset's dotted key, the key of its template, its number."""

    entry: str
    template_key: str
    row: int


class Reader(Protocol):
    """Reads the rows of one dataset through axolotl."""

    def render(self, row: Row) -> list[Rendered]:
        """Return the prepared rows that axolotl makes of a raw one; raises as axolotl does."""

    def explain(self, row: Row, place: Place) -> list[Explained]:
        """Return the same with a reason for every token, sequences one after the other."""


class Reasons:
    """The reasons of one sequence in the making: one rule, turn and doubt per token."""

    def __init__(self, ids: Sequence[int], labels: Sequence[int] | None, rule: Rule) -> None:
        self.ids = np.asarray(ids, dtype=np.int32)
        self.labels = None if labels is None else np.asarray(labels, dtype=np.int32)
        self.rules = np.full(len(self.ids), CODES[rule], dtype=np.uint8)
        self.inferred = np.zeros(len(self.ids), dtype=np.bool_)
        self.turns = np.full(len(self.ids), -1, dtype=np.int32)
        self._settled = np.zeros(len(self.ids), dtype=np.bool_)

    def __len__(self) -> int:
        return len(self.ids)

    def set(
        self, start: int, stop: int, rule: Rule, *, turn: int = -1, inferred: bool = False
    ) -> None:
        """Give ``[start, stop)`` a rule. Training is final, as axolotl never takes it back."""
        start, stop = max(start, 0), min(stop, len(self))
        if start >= stop:
            return
        free = ~self._settled[start:stop]
        if rule.trained:
            free = ~(self._trained_rules()[start:stop] & self._settled[start:stop])
        self.rules[start:stop][free] = CODES[rule]
        self.turns[start:stop][free] = turn
        self.inferred[start:stop][free] = inferred
        self._settled[start:stop] = True

    def is_open(self, token: int) -> bool:
        """Whether no rule was given to a token yet."""
        return 0 <= token < len(self) and not self._settled[token]

    def _trained_rules(self) -> NDArray[np.bool_]:
        return TRAINS[self.rules]

    def verify(self, *, classes: bool = False) -> None:
        """Call unexplained what the rules would label otherwise than axolotl did.

        ``classes``: labels are classes, not token ids, so only whether there is one is compared.
        """
        if self.labels is None:
            return
        trained = self._trained_rules()
        actual = self.labels != IGNORE_INDEX
        agree = trained == actual
        if not classes:
            agree &= ~actual | (self.labels == self.ids)
        self.rules[~agree] = CODES[UNEXPLAINED]

    def explained(
        self,
        place: Place,
        sources: SourceMap,
        *,
        turns: tuple[Turn, ...] = (),
        sequence: str = "input_ids",
        part: int = 0,
    ) -> Explained:
        """Return the finished value."""
        return Explained(
            entry=place.entry,
            template_key=place.template_key,
            row=place.row,
            part=part,
            sequence=sequence,
            ids=self.ids,
            labels=self.labels,
            rules=self.rules,
            inferred=self.inferred,
            turns=self.turns,
            fields=sources.fields,
            starts=sources.starts,
            ends=sources.ends,
            turn_table=turns,
            field_table=tuple(sources.table),
        )


TRAINS = np.array([rule.trained is True for rule in RULES], dtype=np.bool_)
"""By rule code: whether the rule trains."""
