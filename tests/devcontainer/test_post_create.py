"""What a new container runs first, in checkouts where it must refuse or leave an image as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = "devcontainer/post-create.sh"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the script, where `make` says what it was asked."""
    (tmp_path / "devcontainer").mkdir()
    for name in (SCRIPT, "devcontainer/unpinned.py", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "Makefile").write_text("setup fixtures:\n\t@echo $@ $(CONSTRAINTS)\n", "ascii")
    return tmp_path


def run(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a container does."""
    return subprocess.run(
        [checkout / SCRIPT],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_venv_of_another_machine_is_named(checkout: Path) -> None:
    """A .venv that came with the folder and cannot run here is told, not overwritten."""
    (checkout / ".venv").mkdir()

    done = run(checkout)

    assert done.returncode == 2
    assert ".venv was made on another machine; move it away" in done.stderr
    assert not list((checkout / ".venv").iterdir())


def test_image_that_brings_axolotl_becomes_the_environment(checkout: Path) -> None:
    """The image's interpreter is used through .venv, and make gets constraints that fit it."""
    done = run(checkout, INSPECT_TOOL_IMAGE_PYTHON=sys.executable)

    assert (checkout / ".venv").resolve() == Path(sys.prefix).resolve()
    assert "setup .inspect/constraints-image.txt\n" in done.stdout


def test_foreign_venv_is_not_taken_for_the_image(checkout: Path) -> None:
    """Where an image brings axolotl, another .venv is in the way."""
    (checkout / ".venv").mkdir()

    done = run(checkout, INSPECT_TOOL_IMAGE_PYTHON=sys.executable)

    assert done.returncode == 2
    assert ".venv is not this container's" in done.stderr


def test_what_an_image_has_keeps_its_version(tmp_path: Path) -> None:
    """Installed packages are pinned to what is installed, however spelt; others stay."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("PyYAML==0.1\nnot-installed-here==2.0\n", "ascii")

    printed = subprocess.check_output(
        [sys.executable, ROOT / "devcontainer/unpinned.py", constraints], text=True
    )

    assert printed == f"pyyaml=={version('PyYAML')}\nnot-installed-here==2.0\n"
