"""A sample as plain text and lists: what a person's own assertions look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.samples.sample import Sample, TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A run of text that is all trained or all masked; ``trained`` is None if nothing says so."""

    text: str
    trained: bool | None


@dataclass(frozen=True)
class DecodedSequence:
    """One sequence of a sample; lists have one entry per token, and none where text is stored.

    ``tokens`` join to ``text``. ``labels`` is None where none are stored.
    """

    name: str
    text: str
    tokens: list[str] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    labels: list[int] | None = None
    spans: tuple[TextSpan, ...] = ()

    @cached_property
    def trained_text(self) -> str:
        """The text of the trained tokens, runs joined; empty if nothing is trained."""
        return "".join(span.text for span in self.spans if span.trained)

    @cached_property
    def masked_text(self) -> str:
        """The text of the masked tokens, runs joined."""
        return "".join(span.text for span in self.spans if span.trained is False)


@dataclass(frozen=True)
class DecodedSample:
    """One row. Its texts and tokens are those of its first sequence: most rows have no other.

    ``sequences`` has all of them by name (``input_ids``, or ``chosen`` and ``rejected``, or the
    columns that are stored as text); ``columns`` the values that are neither.
    """

    row: int
    kind: str
    sequences: Mapping[str, DecodedSequence]
    columns: Mapping[str, Any]

    @cached_property
    def first(self) -> DecodedSequence:
        """The first sequence; an empty one for rows without any."""
        return next(iter(self.sequences.values()), DecodedSequence("", ""))

    @property
    def text(self) -> str:
        """All of the text, special tokens included."""
        return self.first.text

    @property
    def trained_text(self) -> str:
        """The text that is trained."""
        return self.first.trained_text

    @property
    def masked_text(self) -> str:
        """The text that is masked."""
        return self.first.masked_text

    @property
    def spans(self) -> tuple[TextSpan, ...]:
        """Runs of trained and masked text, in order."""
        return self.first.spans

    @property
    def tokens(self) -> list[str]:
        """The text of each token."""
        return self.first.tokens

    @property
    def ids(self) -> list[int]:
        """The id of each token."""
        return self.first.ids

    @property
    def labels(self) -> list[int] | None:
        """The label of each token, -100 where it is masked."""
        return self.first.labels


def decoded(sample: Sample, vocabulary: Vocabulary | None) -> DecodedSample:
    """Decode a sample; without a vocabulary only what is stored as text has a text."""
    return DecodedSample(
        row=sample.row,
        kind=sample.kind,
        sequences={each.name: _decoded(each, vocabulary) for each in sample.sequences},
        columns=sample.columns,
    )


def _decoded(sequence: TokenSequence, vocabulary: Vocabulary | None) -> DecodedSequence:
    if sequence.stored_text is not None:
        return DecodedSequence(sequence.name, sequence.stored_text)
    tokens = vocabulary.texts(sequence.ids) if vocabulary else [""] * len(sequence)
    return DecodedSequence(
        name=sequence.name,
        text="".join(tokens),
        tokens=tokens,
        ids=sequence.ids.tolist(),
        labels=None if sequence.labels is None else sequence.labels.tolist(),
        spans=tuple(
            TextSpan("".join(tokens[span.start : span.stop]), span.trained)
            for span in sequence.spans
        ),
    )
