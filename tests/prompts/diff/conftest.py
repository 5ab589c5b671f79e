"""One axolotl worker for all diffs of a session, and configs written where a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_worker import AxolotlWorker
from tests.prompts.diff.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def diff_worker(
    tmp_path_factory: pytest.TempPathFactory, built_tokenizers: None
) -> Iterator[AxolotlWorker]:
    """The worker that every diff of these tests asks."""
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    with AxolotlWorker(log=log) as worker:
        yield worker


@pytest.fixture
def bench(tmp_path: Path, diff_worker: AxolotlWorker) -> Bench:
    """A folder for configs, data and prompts, and the worker that compares them."""
    return Bench(tmp_path, diff_worker)
