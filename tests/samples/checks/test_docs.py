"""docs/checks.md lists every check, and its example works as written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from inspect_tool.samples.assertions import load_assertions
from inspect_tool.samples.checks.registry import DAMAGED, RULES
from inspect_tool.samples.decoded import DecodedSample, DecodedSequence, TextSpan
from tests.axolotl_runs import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCS = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def test_every_code_is_documented_once() -> None:
    """The table's codes are those of the registry, and the one found by reading."""
    listed = re.findall(r"^\| (L-[A-Z-]+) \|", DOCS, flags=re.MULTILINE)

    assert sorted(listed) == sorted([DAMAGED, *(rule.code for rule in RULES)])


@pytest.mark.parametrize(("answer", "reason"), [('{"a": 1}', None), ("{", "Expecting property")])
def test_the_example_works(answer: str, reason: str | None, tmp_path: Path) -> None:
    """The assertions file of the page refuses what it says it refuses."""
    code = re.search(r"    # my_checks\.py\n((?:    .*\n|\n)+)", DOCS)
    assert code is not None
    file = tmp_path / "my_checks.py"
    file.write_text(re.sub(r"^    ", "", code[1], flags=re.MULTILINE), encoding="utf-8")
    (assertion,) = load_assertions(file)
    text = f"{answer}</s>"
    sequence = DecodedSequence("input_ids", text, spans=(TextSpan(text, trained=True),))

    said = assertion.reason_against(DecodedSample(0, "sft", {"input_ids": sequence}, {}))

    assert (said is None) == (reason is None)
    assert said is None or said.startswith(str(reason))


def test_every_attribute_is_documented() -> None:
    """What an assertion can read of a sample is in the page's table."""
    names = [name for name in vars(DecodedSample) if not name.startswith("_") and name != "first"]

    assert [name for name in names if f"`{name}`" not in DOCS] == []
