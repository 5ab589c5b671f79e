"""The pass over a dataset: every row once, in order, whatever the blocks and threads."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.samples import scan as scan_module
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.scan import scan, stretches
from tests.arrow_files import save, supervised

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.samples.views import RowsView


@pytest.fixture
def dataset(tmp_path: Path) -> PreparedDataset:
    """Forty rows of up to nine tokens, some of them empty, in blocks of seven."""
    rows = [(list(range(n % 10)), list(range(n % 10))) for n in range(40)]
    return PreparedDataset.open(save(tmp_path, supervised(rows), batch_rows=7))


@pytest.mark.parametrize("gather", [False, True])
@pytest.mark.parametrize("tokens", [1, 10, 60, 1 << 19])
def test_stretches_cover_every_row(
    dataset: PreparedDataset, gather: bool, tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stretches follow each other without a gap, whatever their size."""
    monkeypatch.setattr(scan_module, "STRETCH_TOKENS", tokens)

    bounds = [(each.first, each.first + len(each)) for each in stretches(dataset, gather=gather)]

    assert (bounds[0][0], bounds[-1][1]) == (0, 40)
    assert all(stop == start for (_, stop), (start, _) in pairwise(bounds))


def test_results_come_in_order(dataset: PreparedDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several threads look, and what they find comes in the order of rows."""
    monkeypatch.setattr(scan_module, "STRETCH_TOKENS", 5)

    looked = list(scan(dataset, lambda view: view.first, threads=4))

    assert [each.found for each in looked] == [each.stretch.first for each in looked]
    assert [each.stretch.first for each in looked] == sorted(each.stretch.first for each in looked)


def test_what_cannot_be_read_is_told_and_passed_over(dataset: PreparedDataset) -> None:
    """An InspectError costs its stretch alone."""

    def look(view: RowsView) -> int:
        if view.first == 14:
            raise InspectError("unreadable")
        return len(view)

    looked = list(scan(dataset, look, gather=False))

    assert [str(each.problem) for each in looked if each.problem] == ["unreadable"]
    assert sum(each.found or 0 for each in looked) == 33


def test_other_errors_end_the_pass(dataset: PreparedDataset) -> None:
    """What is not about the data is not hidden."""

    def look(view: RowsView) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(scan(dataset, look))


def test_stopping_leaves_no_thread(
    dataset: PreparedDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes no more results gets the threads ended."""
    monkeypatch.setattr(scan_module, "STRETCH_TOKENS", 1)
    looking = scan(dataset, len)
    next(looking)

    looking.close()

    assert not [each for each in threading.enumerate() if each.name.startswith("scan")]
