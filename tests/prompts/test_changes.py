"""What changed between two renderings of a row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.prompts.changes import changes
from inspect_tool.samples.sample import IGNORE_INDEX, TokenSequence

TOKENS = st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=40)


def sequence(tokens: list[tuple[int, bool]]) -> TokenSequence:
    """Return ids with labels: each is trained or masked."""
    ids = np.array([token for token, _ in tokens], dtype=np.int32)
    trained = np.array([is_trained for _, is_trained in tokens], dtype=np.bool_)
    return TokenSequence("input_ids", ids, np.where(trained, ids, IGNORE_INDEX).astype(np.int32))


@given(TOKENS)
def test_the_same_row_has_no_changes(tokens: list[tuple[int, bool]]) -> None:
    """A rendering that is the same again marks nothing."""
    found = changes(sequence(tokens), sequence(tokens))

    assert not found
    assert not found.tokens.any()
    assert found.message == "no token changed"


@given(TOKENS, TOKENS)
def test_counts_agree_with_the_marks(
    before: list[tuple[int, bool]], after: list[tuple[int, bool]]
) -> None:
    """Every marked token is new or relabelled, and the lengths differ by new less gone."""
    found = changes(sequence(before), sequence(after))

    assert int(found.tokens.sum()) == found.added + found.relabelled
    assert len(after) - len(before) == found.added - found.removed


def test_a_label_that_turned() -> None:
    """A token that is the same but trained now is marked as relabelled."""
    found = changes(sequence([(1, False), (2, False)]), sequence([(1, False), (2, True)]))

    assert found.tokens.tolist() == [False, True]
    assert found.message == "tokens: 1 relabelled"


def test_a_new_token() -> None:
    """A token that was not there before is marked as new."""
    found = changes(
        sequence([(1, False), (2, True)]), sequence([(1, False), (3, False), (2, True)])
    )

    assert found.tokens.tolist() == [False, True, False]
    assert found.message == "tokens: 1 new"
