"""What is written on the command line is read, or refused with what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.specs import parse_kwargs, parse_targets

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kwargs_is_a_target_of_its_own(tmp_path: Path) -> None:
    """A target that renders a template is repeated for each --kwargs, others are not."""
    specs = parse_targets(
        ["chat-template", "axolotl"], ["enable_thinking=false", "a=1,b=x"], cwd=tmp_path
    )

    assert [spec.name for spec in specs] == [
        "chat-template {enable_thinking=false}",
        'chat-template {a=1, b="x"}',
        "axolotl",
    ]
    assert specs[1].template_kwargs == {"a": 1, "b": "x"}


@pytest.mark.parametrize(
    ("written", "value"),
    [("a=False", False), ("a=none", "none"), ("a=None", None), ('a={"b": [1, 2]}', {"b": [1, 2]})],
)
def test_values_are_json_or_text(written: str, value: object) -> None:
    """Values are JSON where they are, Python's words for true and none, or text."""
    assert parse_kwargs(written) == {"a": value}


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ("nonsense", "one of chat-template"),
        ("text", "something is missing"),
        ("text:", "something is missing"),
        ("chat-template:", "something is missing"),
        ("text:nowhere.txt", "no such file"),
        ("saved:nowhere", "no such folder"),
        ("python:client", "not MODULE:FUNCTION"),
        ("openai:localhost:8000", "not a URL"),
        ("openai:file:///etc/passwd", "not a URL"),
    ],
)
def test_targets_that_are_none(tmp_path: Path, against: str, said: str) -> None:
    """A target that cannot be is refused before axolotl is started."""
    with pytest.raises(InspectError, match=said):
        parse_targets([against], cwd=tmp_path)


def test_kwargs_without_a_template(tmp_path: Path) -> None:
    """--kwargs that no target would use are a mistake."""
    with pytest.raises(InspectError, match="no target renders"):
        parse_targets(["axolotl"], ["a=1"], cwd=tmp_path)


def test_kwargs_that_are_none() -> None:
    """--kwargs that cannot be read are refused."""
    with pytest.raises(InspectError, match="NAME=VALUE"):
        parse_kwargs("thinking")
