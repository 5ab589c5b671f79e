"""What the Plan screen says of a line, and what it offers when a key is to be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from inspect_tool.cli.app import app
from inspect_tool.errors import InspectError
from inspect_tool.findings import Finding
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.overrides.draft import parse_setting
from inspect_tool.runs.plan_sides import SideLine, side_lines
from inspect_tool.tui.plan import Planned, facts_of, setting, toggled, with_options
from inspect_tool.tui.plan_options import OPTIONS
from tests.runs.debug.plans import QLORA_2024, plan

if TYPE_CHECKING:
    from pathlib import Path


def planned(folder: Path, text: str = QLORA_2024, **options: Any) -> Planned:
    """Plan a config as the screen does, but with the CPU."""
    chosen = with_options(Chosen(folder / "config.yml"), **options)
    made = plan(folder, text, options=chosen.options)
    lines = side_lines(
        text, made.derived_yaml, overrides=made.overrides, translated=made.translated
    )
    return Planned(chosen, made, lines)


def line_of(found: Planned, key: str) -> SideLine:
    """Return the line on which a key stands."""
    return next(line for line in found.lines if key in line.keys)


def said(found: Planned, item: SideLine | Finding) -> str:
    """Return all that is said of a line, in one text."""
    sections = facts_of(found, item)
    return "\n".join(f"{title}: {fact.label} {fact.value}" for title, f in sections for fact in f)


def test_a_changed_line(tmp_path: Path) -> None:
    """Its value, the new one, the reason, and how to keep it."""
    found = planned(tmp_path)
    text = said(found, line_of(found, "micro_batch_size"))

    assert "yours 16" in text
    assert "debug run 2" in text
    assert "because " in text
    assert "space keeps yours" in text


def test_a_line_that_is_kept(tmp_path: Path) -> None:
    """It says so, and keeping it again takes that back."""
    found = planned(tmp_path, keep=("micro_batch_size",))
    line = line_of(found, "micro_batch_size")

    assert "as you wrote it; space lets it change" in said(found, line)
    assert toggled(found.chosen, line).options.keep == ()


def test_a_value_set_by_hand_is_taken_back(tmp_path: Path) -> None:
    """Space on a key that was set forgets the setting."""
    found = planned(tmp_path, given={"max_steps": 9})

    assert toggled(found.chosen, line_of(found, "max_steps")).options.given == {}


def test_a_translated_line_cannot_be_kept(tmp_path: Path) -> None:
    """Axolotl would refuse the old key."""
    found = planned(tmp_path)

    with pytest.raises(InspectError, match="reads this key no more"):
        toggled(found.chosen, line_of(found, "datasets.0.conversation"))


def test_a_problem(tmp_path: Path) -> None:
    """Message, key and way out."""
    problem = Finding("P-X", "error", "it is missing", key="base_model", fix="fetch it")
    text = said(planned(tmp_path), problem)

    assert "problem it is missing" in text
    assert "key base_model" in text
    assert "way out fetch it" in text


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "with space",
        "3",
        "true",
        "two\nlines",
        "tab\t",
        "\u202eodd",
        "'",
        "",
        "a: b",
        [1],
        0.5,
    ],
)
def test_what_is_offered_is_the_value(tmp_path: Path, value: object) -> None:
    """Given back unchanged, an offered setting is what the key has; no character of it is odd."""
    found = planned(tmp_path, given={"seed": value})
    offered = setting(found, line_of(found, "seed"))

    assert parse_setting(offered) == ("seed", value)
    assert offered.isprintable()


NOT_IN_THE_FORM = {
    *("--keep", "--set", "--tokenizer", "--port", "--cwd"),
    *("--dry-run", "--json", "--validate", "--traceback", "--reuse", "--quiet", "--help"),
}
"""Options with keys of their own on the screen, and those that only a terminal has a use for."""


def test_the_form_has_every_option_of_the_command() -> None:
    """What `debug` takes can be chosen in the app."""
    command = get_command(app).get_command(None, "debug")  # type: ignore[attr-defined]
    taken = {name for option in command.params for name in option.opts if name.startswith("--")}
    listed = {flag for option in OPTIONS for flag in option.flag.split()}

    assert listed == taken - NOT_IN_THE_FORM


def test_what_is_offered_for_a_key_that_is_left_out(tmp_path: Path) -> None:
    """The value that was written."""
    found = planned(tmp_path)

    assert setting(found, line_of(found, "wandb_project")) == "wandb_project=project"
