"""The table of rules is whole, and docs/why.md is that table."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspect_tool.prompts.rules import BY_NAME, RULES, Rule
from inspect_tool.runs.ledger import REASONS, Fate

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "why.md").read_text(encoding="utf-8")
DOES = {True: "trained", False: "masked", None: "–"}


def code(value: str | None) -> str:
    """Write a key as the page does."""
    return f"`{value}`" if value else "–"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_its_row(rule: Rule) -> None:
    """The page says of a rule what the table says."""
    row = f"| `{rule.name}` | {DOES[rule.trained]} | {code(rule.key)} | {rule.sentence} |"

    assert row in PAGE.splitlines()


def test_no_row_without_a_rule() -> None:
    """The page names no rule that there is not."""
    rows = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]

    assert set(rows) == {*BY_NAME, *REASONS, *(fate.value for fate in Fate)}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_row(reason: str) -> None:
    """The page says why a raw row is not prepared."""
    said, key = REASONS[reason]

    assert f"| `{reason}` | {said} | {code(key)} |" in PAGE.splitlines()


def test_names_are_unique() -> None:
    """A name stands for one rule; arrays hold a rule's place in a byte."""
    assert len(BY_NAME) == len(RULES) < 256


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("role-masked", "datasets.2.roles_to_train"),
        ("inputs-trained", "train_on_inputs"),
        ("template", "datasets.2.chat_template"),
        ("part-masked", None),
    ],
)
def test_keys_are_named_with_their_place(name: str, key: str | None) -> None:
    """A key of a dataset carries the dataset's place, a key of the config none."""
    found = BY_NAME[name].key_for("datasets.2", template_key="datasets.2.chat_template")

    assert found == key
