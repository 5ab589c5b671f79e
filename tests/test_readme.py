"""The README and the docs do not drift: links lead somewhere, the table has every command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from inspect_tool.cli.app import app
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PAGES = sorted([ROOT / "README.md", ROOT / "recipes" / "README.md", *(ROOT / "docs").glob("*.md")])
QUIET = {"version", "open"}
"""Commands that need no row of their own: the one is a flag's twin, the other is the default."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file or folder of the repository."""
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_has_a_row() -> None:
    """The README's table names each command that --help lists."""
    rows = re.findall(
        r"^\| `inspect-tool (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )

    assert {command.name for command in app.registered_commands} - QUIET <= set(rows)
