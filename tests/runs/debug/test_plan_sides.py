"""A YAML and its derived one side by side: lines that belong together, and what changed on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.runs.plan_sides import SideLine, side_lines
from tests.runs.debug.plans import DEEPSPEED_2024, QLORA_2024, plan

if TYPE_CHECKING:
    from pathlib import Path


def sides(folder: Path, text: str) -> tuple[SideLine, ...]:
    """Plan a config's debug run and return both sides."""
    planned = plan(folder, text)
    return side_lines(
        text,
        planned.derived_yaml,
        overrides=planned.overrides,
        translated=planned.translated,
    )


def line_of(lines: tuple[SideLine, ...], key: str) -> SideLine:
    """Return the line on which a key begins."""
    return next(line for line in lines if key in line.keys)


def test_no_line_is_lost(tmp_path: Path) -> None:
    """Each side read by itself is its document."""
    lines = sides(tmp_path, QLORA_2024)

    assert [item.left for item in lines if item.left is not None] == QLORA_2024.splitlines()
    derived = [item.right for item in lines if item.right is not None]
    assert derived == plan(tmp_path, QLORA_2024).derived_yaml.splitlines()


def test_every_change_has_a_line(tmp_path: Path) -> None:
    """Whatever differs is lit somewhere."""
    planned = plan(tmp_path, DEEPSPEED_2024)
    lit = {change.key for line in sides(tmp_path, DEEPSPEED_2024) for change in line.changes}

    assert lit == {change.key for change in (*planned.overrides, *planned.translated)}


def test_a_changed_key_is_beside_itself(tmp_path: Path) -> None:
    """Old and new value share a line, with the reason."""
    line = line_of(sides(tmp_path, QLORA_2024), "micro_batch_size")

    assert (line.left, line.right) == ("micro_batch_size: 16", "micro_batch_size: 2")
    assert line.mark == "changed"
    assert line.changes[0].reason


def test_what_is_left_out_or_added_stands_alone(tmp_path: Path) -> None:
    """The other side has no line."""
    lines = sides(tmp_path, QLORA_2024)

    assert (line_of(lines, "wandb_project").right, line_of(lines, "max_steps").left) == (None, None)
    assert line_of(lines, "wandb_project").mark == "left out"
    assert line_of(lines, "max_steps").mark == "added"


def test_what_is_translated_says_so(tmp_path: Path) -> None:
    """An old key's line and those of what it became."""
    lines = sides(tmp_path, QLORA_2024)

    assert line_of(lines, "datasets.0.type").mark == "translated"
    assert line_of(lines, "datasets.0.conversation").mark == "translated"


def test_unchanged_lines_are_not_lit(tmp_path: Path) -> None:
    """A key that stays has no mark."""
    assert line_of(sides(tmp_path, QLORA_2024), "lora_r").mark == ""


def test_values_in_braces(tmp_path: Path) -> None:
    """A change within braces lights the line that holds it."""
    text = QLORA_2024.replace(
        "datasets:\n  - path: chats.jsonl\n    type: sharegpt\n    conversation: alpaca\n",
        "datasets: [{path: chats.jsonl, type: sharegpt, conversation: alpaca}]\n",
    )
    line = line_of(sides(tmp_path, text), "datasets")

    assert line.left == "datasets: [{path: chats.jsonl, type: sharegpt, conversation: alpaca}]"
    assert "datasets.0.type" in {change.key for change in line.changes}
