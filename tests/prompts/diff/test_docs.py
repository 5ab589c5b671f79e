"""docs/diff.md names every cause and every target that there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from inspect_tool.prompts.diagnosis.rules import ORDER
from inspect_tool.prompts.diff.results import STOPSET
from inspect_tool.prompts.inference.specs import KINDS

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
HEAVY = ("torch", "transformers", "datasets", "axolotl", "textual")


def test_every_cause_is_described() -> None:
    """The table of causes has each code once, in the order in which they are tried."""
    described = re.findall(r"^\| `(D-[A-Z]+)` \|", TEXT, re.MULTILINE)

    assert described == [*(rule.CODE for rule in ORDER), STOPSET]


def test_every_target_is_described() -> None:
    """The table of targets has each kind."""
    described = re.findall(r"^\| `([a-z-]+)[:`]", TEXT, re.MULTILINE)

    assert set(described) == set(KINDS)


def test_a_diff_is_ready_without_heavy_libraries() -> None:
    """What asks the worker imports nothing that only the worker needs."""
    code = (
        "import sys, inspect_tool.prompts.diff.run, inspect_tool.prompts.diff.versions\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert answer.stdout.strip() == "[]"
