"""One axolotl worker for all tests here: importing axolotl takes ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_worker import AxolotlWorker
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AxolotlWorker]:
    """A running worker; the first task in it imports axolotl."""
    with AxolotlWorker(log=tmp_path_factory.mktemp("worker") / "worker.log") as started:
        yield started


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built_tokenizers: None
) -> Callable[..., Path]:
    """Make a project: its folder is current, a recipe's text with lines changed is its config."""

    def make(recipe: str, *replacements: tuple[str, str], name: str = "train.yml") -> Path:
        text = (ROOT / "recipes" / f"{recipe}.yml").read_text()
        for old, new in (*replacements, ("fixtures/", f"{ROOT}/fixtures/")):
            assert old in text, f"{recipe} has no {old!r}"
            text = text.replace(old, new)
        (tmp_path / ".git").mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        monkeypatch.chdir(tmp_path)
        return tmp_path / name

    return make
