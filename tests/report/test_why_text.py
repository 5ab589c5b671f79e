"""Why as text: what a person reads, narrow or wide, in any characters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inspect_tool.prompts.explained import RawPlace
from inspect_tool.report.look import Look
from inspect_tool.report.why_text import WhyText
from inspect_tool.samples.vocabulary import Vocabulary
from tests.hostile import TEXTS, unsafe_characters
from tests.prompts.explained import explained, why_of

if TYPE_CHECKING:
    from pathlib import Path

RULES = ("template", "role-masked", "role-masked", "role-trained", "eos-trained", "empty-turn")
FIELDS = (-1, 0, 0, 1, -1, -1)
SETTINGS = {"datasets.0": {"roles_to_train": ["assistant"], "train_on_eos": "turn"}}


@pytest.fixture(scope="module")
def vocabulary(mistral_dir: Path) -> Vocabulary:
    """Mistral's."""
    return Vocabulary.load(mistral_dir)


def lines(look: Look, vocabulary: Vocabulary | None = None) -> list[str]:
    """Write the sample of this page."""
    row = explained(*RULES, ids=(1, 28748, 28760, 22557, 2, 2), fields=FIELDS)
    return WhyText(vocabulary, look, settings=SETTINGS).sample(why_of(row)).splitlines()


def test_a_line_a_stretch(vocabulary: Vocabulary) -> None:
    """Tokens, what is done to them, the rule with its doubt, the characters, the text."""
    found = lines(Look(), vocabulary)

    assert found[1] == "── from /data/rows.jsonl:5, datasets.0 raw row 4"
    assert [line.split() for line in found[2:7]] == [
        ["0", "masked", "template", "-", "<s>"],
        ["1-2", "masked", "role-masked", "messages[0].content", "2:6", "/B"],
        ["3", "trained", "role-trained", "messages[1].content?", "6:8", "Hello"],
        ["4", "trained", "eos-trained", "-", "</s>"],
        ["5", "masked", "empty-turn", "?", "-", "</s>"],
    ]


def test_rules_below(vocabulary: Vocabulary) -> None:
    """Each rule stands once, with its sentence, its key and the value in force."""
    text = "\n".join(lines(Look(), vocabulary))

    assert text.count("\nrole-trained  The turn's role is in roles_to_train.\n") == 1
    assert "    datasets.0.roles_to_train is [assistant]" in text


def test_without_a_vocabulary() -> None:
    """Ids stand in for the text."""
    assert lines(Look())[3].endswith("28748 28760 ")


def test_narrow(vocabulary: Vocabulary) -> None:
    """No line is wider than asked."""
    assert max(map(len, lines(Look(width=60), vocabulary))) <= 60


def test_ascii(vocabulary: Vocabulary) -> None:
    """Where only ASCII can be printed, only ASCII is."""
    assert "\n".join(lines(Look(unicode=False), vocabulary)).isascii()


@pytest.mark.parametrize("color", [True, False])
def test_hostile_raw_text(color: bool, vocabulary: Vocabulary) -> None:
    """The raw text around a token is shown, and nothing in it is obeyed."""
    text = "".join(TEXTS.values())
    row = explained("role-trained", ids=(22557,), fields=(0,))
    raw = {"messages": [{"content": text}]}
    why = why_of(row, place=RawPlace("/data/\x1b[31mrows.jsonl", 5))

    shown = WhyText(vocabulary, Look(color=color)).token(why, 0, raw)

    assert unsafe_characters(shown.encode()) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"how": "relabelled"}, "stale: the config as it is now gives it other labels"),
        ({"how": "cut"}, "cut: its last 3 tokens did not fit sequence_len"),
        ({"twins": 2}, "2 other raw rows would make the same"),
        ({"part": 3}, "part 3"),
    ],
)
def test_notes(change: dict[str, str | int], said: str) -> None:
    """What is particular about an origin is said above the stretches."""
    why = why_of(explained("template"))
    assert why.origin is not None
    why = replace(why, origin=replace(why.origin, **change), rendered=4)  # type: ignore[arg-type]

    assert said in WhyText(None, Look()).sample(why)


def test_no_origin() -> None:
    """A row that no raw row renders to says what that means."""
    why = replace(why_of(explained("template")), origin=None, explained=())

    assert "the data or the config changed since" in WhyText(None, Look()).sample(why)
