"""Projects for the app to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tui.projects import Project, make_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, chatml_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with two configs and one prepared dataset of six rows; the current directory."""
    made = make_project(tmp_path / "project", chatml_dir)
    monkeypatch.chdir(made.root)
    return made
