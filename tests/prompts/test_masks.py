"""Which rule decided which text, setting by setting, on rows that real axolotl prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.prompts.conftest import Case

pytestmark = pytest.mark.slow

TERSE = 0
"""The row of turns.jsonl with a system turn and two answers."""
EMPTY_ANSWER = 1
EMPTY_END = 5


def rules_of(made: Case, source: int, row: int, *, without: tuple[str, ...] = ("template",)) -> str:
    """Return a row's stretches as ``text=rule`` lines, template text left out."""
    stretches = made.stretches(source, row)
    return "\n".join(f"{text.strip()}={rule}" for text, rule in stretches if rule not in without)


def test_roles(case: Callable[[str], Case]) -> None:
    """By default the assistant's text and the end tokens after it are trained."""
    assert rules_of(case("masks"), 3, TERSE) == (
        "You are terse.=role-masked\n<|im_end|>=eos-masked\n"
        "First?=role-masked\n<|im_end|>=eos-masked\n"
        "One.=role-trained\n<|im_end|>=eos-trained\n"
        "Second?=role-masked\n<|im_end|>=eos-masked\n"
        "Two.=role-trained\n<|im_end|>=eos-trained"
    )


@pytest.mark.parametrize(
    ("source", "option", "ends"),
    [
        (4, "all", ["eos-trained"] * 5),
        (5, "last", ["eos-masked"] * 4 + ["eos-trained"]),
        (6, "none", ["eos-masked"] * 5),
    ],
)
def test_train_on_eos(
    source: int, option: str, ends: list[str], case: Callable[[str], Case]
) -> None:
    """train_on_eos says after which turns the end token is trained."""
    made = case("masks")

    assert made.rows.info.sources[source].settings["train_on_eos"] == option
    assert [rule for text, rule in made.stretches(source, TERSE) if text == "<|im_end|>"] == ends


def test_no_roles(case: Callable[[str], Case]) -> None:
    """An empty roles_to_train trains nothing, and says so of every turn."""
    made = case("masks")

    assert made.trained(7, TERSE) == ""
    assert ("One.", "role-masked") in made.stretches(7, TERSE)


def test_other_roles(case: Callable[[str], Case]) -> None:
    """Roles other than the assistant may be trained; the assistant is then masked."""
    made = case("masks")

    assert made.trained(8, TERSE) == (
        "You are terse.<|im_end|>First?<|im_end|><|im_end|>Second?<|im_end|><|im_end|>"
    )


def test_role_mapping(case: Callable[[str], Case]) -> None:
    """`roles` decides by the role that a message is mapped to."""
    assert case("masks").trained(13, 0) == "there was a test.<|im_end|>"


def test_message_flags(case: Callable[[str], Case]) -> None:
    """message_field_training beats the role, a weight of 0 masks; others go by their role."""
    assert rules_of(case("masks"), 2, 0, without=("template", "eos-masked", "eos-trained")) == (
        "Be brief.=role-masked\nHello=message-masked\nHi!=message-trained\n"
        "Bye=message-masked\nSee you.=message-masked"
    )


def test_detail_offsets(case: Callable[[str], Case]) -> None:
    """Offsets train a stretch of a message, and its end token."""
    assert rules_of(case("masks"), 0, 0) == (
        "Add 2 and 2.=role-masked\n<|im_end|>=eos-masked\n"
        "Two and two m=detail-masked\nake four,=detail-trained\nof course.=detail-masked\n"
        "<|im_end|>=eos-trained"
    )


def test_detail_of_a_user_turn(case: Callable[[str], Case]) -> None:
    """Offsets beat the role: a user turn with them is trained where they say so."""
    assert case("masks").trained(0, 2).startswith("Say<|im_end|>")


def test_content_parts(case: Callable[[str], Case]) -> None:
    """Parts of a content list carry train or weight; an all-zero turn still trains its end."""
    made = case("masks")

    assert made.trained(1, 0) == "<|im_end|> It is 42.<|im_end|>"
    assert made.trained(1, 1) == " 48<|im_end|>"
    assert made.trained(1, 2) == "<|im_end|>"
    assert made.trained(1, 3) == "Joined, and trained.<|im_end|>"


def test_parts_of_the_thinking(case: Callable[[str], Case]) -> None:
    """Thinking may be parts, too; what the template puts between it and the answer is masked."""
    assert rules_of(case("masks"), 12, 0)[len("7+7?=role-masked\n<|im_end|>=eos-masked\n") :] == (
        "Seven twice=part-masked\nis fourteen.=part-trained\n</think>=part-masked\n"
        "So=part-masked\n14.=part-trained\n<|im_end|>=eos-trained"
    )


def test_train_on_inputs(case: Callable[[str], Case]) -> None:
    """train_on_inputs trains every turn, but no message that says mask."""
    made = case("inputs")

    assert ("First?", "inputs-trained") in made.stretches(0, TERSE)
    assert ("One.", "role-trained") in made.stretches(0, TERSE)
    assert ("Bye", "message-masked") in made.stretches(1, 0)


def test_empty_turn(case: Callable[[str], Case]) -> None:
    """An empty answer is not found, so its end token is not trained, whatever the setting."""
    made = case("masks")
    explained = made.explained(4, EMPTY_ANSWER)
    token = next(i for i in range(len(explained)) if explained.reason(i).rule.name == "empty-turn")

    assert made.vocabulary.texts(explained.ids)[token] == "<|im_end|>"
    assert explained.reason(token).inferred
    turn = explained.reason(token).turn
    assert turn is not None
    assert (turn.role, turn.raw) == ("assistant", 1)


def test_system_turn_that_is_not_found(case: Callable[[str], Case]) -> None:
    """With mistral in the tokenizer's name a leading system turn is masked though it is trained."""
    assert rules_of(case("mistral"), 0, TERSE).startswith(
        "<s>=bos\nYou are terse.=turn-not-found\n</s>=turn-not-found\nFirst?=role-masked\n"
    )


def test_two_end_tokens(case: Callable[[str], Case]) -> None:
    """eot_tokens go by train_on_eot, the EOS by train_on_eos."""
    made = case("ends")
    ends = [
        [rule for text, rule in made.stretches(source, TERSE) if text.startswith("<|e")]
        for source in range(4)
    ]

    assert ends[0][-2:] == ["eot-trained", "eos-trained"]
    assert ends[1][-2:] == ["eot-trained", "eos-masked"]
    assert ends[2][-2:] == ["eot-masked", "eos-trained"]
    assert ends[3] == ["eot-trained"] * 5 + ["eos-trained"]


def test_end_out_of_reach(case: Callable[[str], Case]) -> None:
    """An end token more than 3 tokens after the content is masked, by the template's doing."""
    made = case("chat-far-end")
    explained = made.explained(0, 0)
    reasons = [explained.reason(token) for token in range(len(explained))]

    far = [reason for reason in reasons if reason.rule.name == "end-too-far"]
    assert far
    assert {reason.key for reason in far} == {"chat_template"}
    assert all(reason.turn is not None and reason.turn.trained for reason in far)


def test_end_token_that_axolotl_does_not_know(case: Callable[[str], Case]) -> None:
    """Llama 3's <|eot_id|> is never trained unless eot_tokens names it."""
    made = case("chat-llama3-no-eot")

    assert ("<|eot_id|>", "end-unknown") in made.stretches(0, 0)
    assert made.explained(0, 0).stretches()[-1].reason.key == "eot_tokens"


@pytest.mark.parametrize(
    ("source", "row", "trained"),
    [
        (0, 0, "Why did the token cross the mask?</s></s></s>"),
        (2, 0, "Beep.</s> Boop.</s>"),
        (6, 0, "Iron is.</s>"),
        (8, 0, ""),
        (8, 1, "</s>"),
    ],
)
def test_older_types(source: int, row: int, trained: str, case: Callable[[str], Case]) -> None:
    """Metharme ends with 3 EOS, pygmalion masks its prefix, an empty answer trains nothing."""
    assert case("types").trained(source, row).strip() == trained


def test_llama2_chat_that_does_not_add_up(case: Callable[[str], Case]) -> None:
    """With the EOS as its padding llama2_chat masks whole rows, and the rule says so."""
    rules = {rule for _, rule in case("llama2-masked").stretches(0, 0)}

    assert rules == {"row-mismatch", "padding"}


def test_reward_rows_have_no_labels(case: Callable[[str], Case]) -> None:
    """Both sides of a pair are explained as scored, without labels, with their characters."""
    chosen, rejected = case("reward-model").rows.explain(0, 0)

    assert (chosen.sequence, rejected.sequence) == ("chosen", "rejected")
    assert chosen.labels is None
    assert {item.reason.rule.name for item in chosen.stretches()} == {"scored"}
    fields = [item.reason.source.field.path for item in chosen.stretches() if item.reason.source]
    assert fields == [("system",), ("input",), ("chosen",)]


def test_settings_are_those_in_force(case: Callable[[str], Case]) -> None:
    """What decides is told with its value, also where the YAML leaves it to the default."""
    settings = case("masks").rows.info.sources[3].settings

    assert settings["roles_to_train"] == ["assistant"]
    assert settings["train_on_eos"] == "turn"
    assert settings["chat_template"] == "chatml"
