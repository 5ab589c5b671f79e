"""Two sequences are aligned: what is left out of the regions is equal, and they are few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.prompts.diff import align as module
from inspect_tool.prompts.diff.align import Region, align

IDS = st.lists(st.integers(0, 4), max_size=30)


def rebuilt(train: list[int], inference: list[int], regions: list[Region]) -> list[int]:
    """Put inference's tokens of every region in the place of training's."""
    made, at = [], 0
    for region in regions:
        made += train[at : region.train_start]
        made += inference[region.inference_start : region.inference_stop]
        at = region.train_stop
    return [*made, *train[at:]]


@given(IDS, IDS, st.sampled_from([None, 0]))
def test_regions_turn_one_into_the_other(
    train: list[int], inference: list[int], bos: int | None
) -> None:
    """Whatever the sequences, replacing the regions of one gives the other."""
    assert rebuilt(train, inference, align(train, inference, bos=bos)) == inference


@given(IDS)
def test_the_same_has_no_regions(ids: list[int]) -> None:
    """Equal sequences differ nowhere."""
    assert align(ids, ids) == []


@pytest.mark.parametrize("edits", [0, 96])
def test_sequences_with_little_in_common(monkeypatch: pytest.MonkeyPatch, edits: int) -> None:
    """Whether by edits or by shared runs, the result is an alignment."""
    monkeypatch.setattr(module, "MOST_EDITS", edits)
    source = np.random.default_rng(0)
    train = source.integers(0, 500, 2000).tolist()
    inference = [*train[300:900], *source.integers(0, 500, 400).tolist(), *train[1000:]]

    regions = align(train, inference)

    assert rebuilt(train, inference, regions) == inference
    assert len(regions) < 20


def test_a_doubled_bos_is_a_region_of_its_own() -> None:
    """BOS tokens at the very beginning are not mixed up with what follows them."""
    assert align([1, 7, 8], [1, 1, 9, 8], bos=1) == [Region(1, 1, 1, 2), Region(1, 2, 2, 3)]


def test_one_newline_too_many_is_the_last() -> None:
    """Of equal tokens in a row the last counts as the one that is added."""
    assert align([5, 3, 3, 3, 6], [5, 3, 3, 6]) == [Region(3, 4, 3, 3)]


def test_a_few_equal_tokens_do_not_part_a_difference() -> None:
    """Runs of other tokens with one token in common between them are one difference."""
    assert align([1, 2, 3, 9, 4, 5, 6], [11, 12, 13, 9, 14, 15, 16]) == [Region(0, 7, 0, 7)]


def test_differences_far_apart_in_a_long_sequence() -> None:
    """Hundreds of thousands of equal tokens between two differences are no obstacle."""
    train = np.random.default_rng(1).integers(0, 32000, 300_000)
    inference = np.insert(np.delete(train, 150_000), [3, 299_000], 40_000)

    assert [region.size for region in align(train, inference)] == [1, 1, 1]
