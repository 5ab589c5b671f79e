"""Known mismatches are named by the right cause, and pairs that agree are left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prompts.diff.agreeing import AGREEING
from tests.prompts.diff.cases import MISMATCHES

if TYPE_CHECKING:
    from tests.prompts.diff.bench import Bench
    from tests.prompts.diff.example import Example

pytestmark = pytest.mark.slow


def causes_of(bench: Bench, example: Example) -> set[str]:
    """Compare every row of an example and return all causes; every row must be compared."""
    bench.files(example.files)
    config = bench.config(
        example.model, example.rows, dataset=example.dataset, settings=example.settings
    )
    report = bench.report(config, example.against, kwargs=example.kwargs, fills=example.fills)
    assert not report.failures, report.failures
    assert report.summaries[0].samples == len(example.rows)
    return set(report.summaries[0].causes)


@pytest.mark.parametrize("example", MISMATCHES, ids=lambda example: example.name)
def test_a_mismatch_is_named_by_its_cause(bench: Bench, example: Example) -> None:
    """Each known mismatch is diagnosed by the cause that explains it, and by no other."""
    assert causes_of(bench, example) == example.causes


@pytest.mark.parametrize("example", AGREEING, ids=lambda example: example.name)
def test_what_agrees_is_left_alone(bench: Bench, example: Example) -> None:
    """Prompts that are the same are reported as the same."""
    assert causes_of(bench, example) == set()


def test_the_library_is_large_enough() -> None:
    """There are cases for every code, and enough of either kind."""
    codes = {code for example in MISMATCHES for code in example.causes}

    assert len(MISMATCHES) >= 25
    assert len(AGREEING) >= 10
    assert codes >= {"D-BOS", "D-BOUNDARY", "D-TEMPLATE", "D-GENPROMPT", "D-THINK", "D-ROLEMAP"}
