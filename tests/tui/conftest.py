"""Projects for the app to open, and a pilot that waits for what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tui.projects import Project, make_project
from tests.tui.settled import GRANULARITY, SettledPilot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def _pilots_settle() -> Iterator[None]:
    """Every app under test is driven by a pilot that waits for its rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textual.pilot.Pilot", SettledPilot)
        patch.setattr("textual._wait.SLEEP_GRANULARITY", GRANULARITY)
        yield


@pytest.fixture
def project(tmp_path: Path, chatml_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with two configs and one prepared dataset of six rows; the current directory."""
    made = make_project(tmp_path / "project", chatml_dir)
    monkeypatch.chdir(made.root)
    return made
