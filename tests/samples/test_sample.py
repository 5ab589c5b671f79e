"""A sequence tells trained from masked by its labels alone, and runs of both in order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.samples.sample import IGNORE_INDEX, Span, TokenSequence

LABELS = st.lists(st.sampled_from([IGNORE_INDEX, 5, 0, -1]), max_size=40)


def sequence(labels: list[int] | None, *, ids: list[int] | None = None) -> TokenSequence:
    """Return a sequence with these labels."""
    length = len(labels or ids or [])
    return TokenSequence(
        name="input_ids",
        ids=np.array(ids or range(length), dtype=np.int32),
        labels=None if labels is None else np.array(labels, dtype=np.int64),
    )


@given(LABELS)
def test_trained_is_any_label_but_ignore(labels: list[int]) -> None:
    """Only -100 is masked: neither 0 nor -1 is."""
    trained = sequence(labels).trained

    assert trained is not None
    assert trained.tolist() == [label != IGNORE_INDEX for label in labels]


@given(LABELS)
def test_spans_cover_the_sequence(labels: list[int]) -> None:
    """Spans follow each other without a gap, each of one state and unlike its neighbour."""
    spans = sequence(labels).spans

    covered = [span.trained for span in spans for _ in range(len(span))]

    assert covered == [label != IGNORE_INDEX for label in labels]
    assert all(a.trained != b.trained for a, b in pairwise(spans))


@given(LABELS.filter(bool))
def test_span_at_finds_the_span_of_each_token(labels: list[int]) -> None:
    """Every token lies in the span that `span_at` names."""
    tokens = sequence(labels)

    for index in range(len(tokens)):
        span = tokens.spans[tokens.span_at(index)]
        assert span.start <= index < span.stop


@pytest.mark.parametrize(
    ("labels", "count", "share"), [([], 0, 0.0), ([-100, 7, -100, 8], 2, 0.5), ([-100], 0, 0.0)]
)
def test_trained_share(labels: list[int], count: int, share: float) -> None:
    """The share of an empty sequence is 0."""
    assert (sequence(labels).trained_count, sequence(labels).trained_share) == (count, share)


def test_without_labels_nothing_is_claimed() -> None:
    """Where no labels are stored one span covers all, neither trained nor masked."""
    tokens = sequence(None, ids=[3, 4, 5])

    assert tokens.trained is None
    assert tokens.spans == (Span(0, 3, None),)


def test_an_empty_sequence_has_no_spans() -> None:
    """Nothing to cover."""
    assert sequence([]).spans == ()
    assert sequence(None, ids=[]).spans == ()
