"""What gets installed is complete and pinned: package data, constraints, make targets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "inspect_tool"


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    """The project's own metadata."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_package_data_is_installed(pyproject: dict[str, Any]) -> None:
    """Every file of the package that is not Python is named by a package-data pattern."""
    patterns = pyproject["tool"]["setuptools"]["package-data"]["inspect_tool"]
    found = {file for pattern in patterns for file in PACKAGE.glob(pattern)}

    others = {
        file for file in PACKAGE.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}
    }

    assert others - found == set()


def test_constraints_are_plain() -> None:
    """Each line of constraints.txt is `name==version`, once per name, in alphabetical order."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][^+\s]*", line)
    ] == []
    names = [canonicalize_name(line.split("==")[0]) for line in lines]
    assert names == sorted(set(names))


def test_every_requirement_is_pinned(pyproject: dict[str, Any]) -> None:
    """constraints.txt pins each direct dependency, to a version that pyproject.toml allows."""
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    project = pyproject["project"]
    extras = project["optional-dependencies"].values()
    wanted = [Requirement(r) for r in [*project["dependencies"], *(r for e in extras for r in e)]]

    unmet = [
        str(requirement)
        for requirement in wanted
        if pinned.get(canonicalize_name(requirement.name), "0") not in requirement.specifier
    ]

    assert unmet == []


def test_make_targets_are_documented() -> None:
    """`make help` names each target that a person calls."""
    makefile = (ROOT / "Makefile").read_text()
    listed = set(re.findall(r"^#   make ([a-z]+) ", makefile, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) - {"help", "setup", "fixtures"} == listed
