"""The figure: on every row of every kind the explained label is the stored one, with a reason."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inspect_tool.prompts.digests import token_digest
from inspect_tool.prompts.origin import digest_of
from inspect_tool.prompts.rules import BY_NAME, RULES, UNEXPLAINED
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.prompts.explained import Explained
    from tests.prompts.conftest import Case

SUPERVISED = (
    "alpaca",
    "chat-chatml",
    "chat-llama3",
    "completion",
    "eval-split",
    "input-output",
    "merged",
    "packed",
    "pretokenized",
    "process-reward",
    "sharegpt",
    "test-datasets",
    "thinking",
    "tools",
    "user-defined",
)
OWN = ("ends", "inputs", "llama2", "llama2-masked", "masks", "messages", "mistral", "types")
ONLY_ELSEWHERE = {"scored", "stale", "unexplained", "history-masked", "last-turn-trained"}
"""Rules of rows without labels, of stored labels that differ, and of what no config reaches."""


def every_row(case: Case) -> list[Explained]:
    """Explain every raw row of a case."""
    return [
        explained
        for source, info in enumerate(case.rows.info.sources)
        for row in range(info.rows)
        for explained in case.rows.explain(source, row)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SUPERVISED, *OWN])
def test_explained_labels_are_the_stored_ones(name: str, case: Callable[..., Case]) -> None:
    """Every stored row is explained, label by label; no token is left unexplained."""
    made = case(name)
    stored = Counter(
        digest_of(sample)
        for number in range(len(made.folders))
        for sample in made.dataset(number).samples()
    )

    for split in ("train", "test") if name == "test-datasets" else ("train",):
        for explained in every_row(case(name, split=split)):
            stored.subtract([token_digest(explained.ids, explained.labels)])
            codes = set(np.unique(explained.rules).tolist())
            assert RULES.index(UNEXPLAINED) not in codes

    assert [count for count in stored.values() if count > 0] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SUPERVISED, *OWN])
def test_rules_say_what_the_labels_say(name: str, case: Callable[..., Case]) -> None:
    """A token is trained exactly where its rule trains, and has a key or none to change."""
    trains = np.array([rule.trained is True for rule in RULES])

    for explained in every_row(case(name)):
        assert explained.labels is not None
        np.testing.assert_array_equal(trains[explained.rules], explained.labels != IGNORE_INDEX)


@pytest.mark.slow
def test_every_rule_is_reached(case: Callable[..., Case]) -> None:
    """No rule stands in the table that no config ever gives."""
    extra = ("chat-far-end", "chat-llama3-no-eot")
    found = {
        RULES[code].name
        for name in (*SUPERVISED, *OWN, *extra)
        for explained in every_row(case(name))
        for code in np.unique(explained.rules).tolist()
    }

    assert set(BY_NAME) - found == ONLY_ELSEWHERE
