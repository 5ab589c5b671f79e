"""Facts of a token and of a sample: true to what is stored, and safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from inspect_tool.samples.facts import (
    Fact,
    column_facts,
    column_value,
    percent,
    sample_facts,
    token_facts,
)
from inspect_tool.samples.sample import IGNORE_INDEX, Sample, TokenSequence
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "<|im_start|>user\nSay 漢字<|im_end|>\n<|im_start|>assistant\n"
ANSWER = "Hello there<|im_end|>"


def by_label(facts: list[Fact]) -> dict[str, str]:
    """Values by label."""
    return {fact.label: fact.value for fact in facts}


@pytest.fixture
def vocabulary(chatml_dir: Path) -> Vocabulary:
    """The ChatML vocabulary."""
    return Vocabulary.load(chatml_dir)


@pytest.fixture
def chat(chatml_dir: Path) -> TokenSequence:
    """One turn and its trained answer, with every column that axolotl may store."""
    library = Tokenizer.from_file(str(chatml_dir / "tokenizer.json"))
    prompt, answer = library.encode(PROMPT).ids, library.encode(ANSWER).ids
    ids = np.array(prompt + answer, dtype=np.int32)
    labels = np.where(np.arange(len(ids)) < len(prompt), IGNORE_INDEX, ids)
    return TokenSequence(
        "input_ids",
        ids,
        labels=labels,
        attention=np.ones(len(ids), dtype=np.int8),
        positions=np.arange(len(ids)),
    )


def sample_of(sequence: TokenSequence, **columns: Any) -> Sample:
    """A sample of one sequence."""
    return Sample(row=3, kind="sft", sequences=(sequence,), columns=columns, split="train")


def test_a_trained_token_is_told_whole(chat: TokenSequence, vocabulary: Vocabulary) -> None:
    """A token's facts name its id, piece, bytes, label, place, span and turn."""
    last = len(chat) - 1
    first = chat.spans[-1].start
    end = vocabulary.roles["eos"]

    assert by_label(token_facts(chat, last, vocabulary)) == {
        "text": "<|im_end|>",
        "piece": "<|im_end|>",
        "id": str(end),
        "bytes": b"<|im_end|>".hex(" "),
        "special": "eos",
        "label": f"{end}, trained",
        "position": f"{last} of {len(chat)}",
        "position id": str(last),
        "attention": "yes",
        "span": f"2 of 2, {first}–{last}",
        "turn": f"2 of 2, assistant, {first - 3}–{last}",
    }


def test_a_masked_token_says_so(chat: TokenSequence, vocabulary: Vocabulary) -> None:
    """A masked token's label is shown as it is stored."""
    assert by_label(token_facts(chat, 0, vocabulary))["label"] == "-100, masked"


def test_a_label_that_is_another_token_is_pointed_out(vocabulary: Vocabulary) -> None:
    """A label that is neither -100 nor the token's own id is something to see."""
    ids = np.array([vocabulary.roles["eos"], 5])
    sequence = TokenSequence("input_ids", ids, labels=np.array([5, 5]))

    fact = next(fact for fact in token_facts(sequence, 0, vocabulary) if fact.label == "label")

    assert fact.tone == "warning"
    assert fact.value.startswith("5 ")


def test_a_part_of_a_character_names_the_character(
    chat: TokenSequence, vocabulary: Vocabulary
) -> None:
    """A token that only continues a character says which."""
    texts = vocabulary.texts(chat.ids)
    continuing = next(index for index, text in enumerate(texts) if not text)

    assert by_label(token_facts(chat, continuing, vocabulary))["text"] in {
        "continues 漢",
        "continues 字",
    }


def test_the_space_of_a_word_is_visible(mistral_dir: Path) -> None:
    """A space that belongs to a token is part of what is shown of it, after the first too."""
    ids = np.array([1, 22557, 22557], dtype=np.int32)
    sequence = TokenSequence("input_ids", ids)

    facts = token_facts(sequence, 2, Vocabulary.load(mistral_dir))

    assert by_label(facts)["text"] == "·Hello"


def test_an_unknown_id_is_told(vocabulary: Vocabulary) -> None:
    """An id past the vocabulary says how large the vocabulary is."""
    sequence = TokenSequence("input_ids", np.array([10**6, -3]))

    for index in (0, 1):
        assert "not in the vocabulary" in by_label(token_facts(sequence, index, vocabulary))["text"]


def test_without_a_vocabulary_the_id_and_label_are_left(chat: TokenSequence) -> None:
    """A missing tokenizer hides the text, and nothing that is stored."""
    facts = by_label(token_facts(chat, len(chat) - 1, None))

    assert facts["id"] == str(chat.ids[-1])
    assert facts["label"].endswith("trained")


def test_padding_is_pointed_out(chat: TokenSequence, vocabulary: Vocabulary) -> None:
    """A token that attention leaves out says so."""
    padded = TokenSequence("input_ids", chat.ids, attention=np.zeros(len(chat), dtype=np.int8))

    assert by_label(token_facts(padded, 0, vocabulary))["attention"] == "no, padding"


def test_a_sample_is_told_whole(chat: TokenSequence, vocabulary: Vocabulary) -> None:
    """A sample's facts are its length, trained share, spans, and first, last and end token."""
    start, last = chat.spans[-1].start, len(chat) - 1
    trained = len(chat) - start
    hello = vocabulary.texts(chat.ids)[start]

    assert by_label(sample_facts(sample_of(chat), chat, vocabulary)) == {
        "row": "3",
        "split": "train",
        "tokens": str(len(chat)),
        "trained": f"{trained}, {percent(trained, len(chat))}",
        "spans": "2, 1 trained",
        "first": f"{hello} at {start}",
        "last": f"<|im_end|> at {last}",
        "end token": f"<|im_end|> at {last}, trained",
    }


def test_a_masked_end_token_is_pointed_out(chat: TokenSequence, vocabulary: Vocabulary) -> None:
    """An end token that is left out of the loss is a warning: the model never learns to stop."""
    assert chat.labels is not None
    labels = chat.labels.copy()
    labels[-1] = IGNORE_INDEX
    masked = TokenSequence("input_ids", chat.ids, labels=labels)

    end = sample_facts(sample_of(masked), masked, vocabulary)[-1]

    assert (end.label, end.tone) == ("end token", "warning")
    assert end.value.endswith("masked")


def test_a_sample_without_a_trained_token_is_pointed_out(
    chat: TokenSequence, vocabulary: Vocabulary
) -> None:
    """Nothing trained is a warning and has no first or last trained token."""
    masked = TokenSequence("input_ids", chat.ids, labels=np.full(len(chat), IGNORE_INDEX))

    facts = by_label(sample_facts(sample_of(masked), masked, vocabulary))

    assert facts["trained"] == "nothing"
    assert "first" not in facts


def test_unlabelled_tokens_are_not_called_masked(
    chat: TokenSequence, vocabulary: Vocabulary
) -> None:
    """Where no labels are stored, nothing is said about training."""
    unlabelled = TokenSequence("chosen", chat.ids)

    facts = by_label(sample_facts(sample_of(unlabelled), unlabelled, vocabulary))

    assert facts["trained"] == "no labels are stored"


def test_stored_text_is_counted_in_characters() -> None:
    """A sequence stored as text has no tokens to count."""
    sequence = TokenSequence("prompt", np.array([], dtype=np.int32), stored_text="abc")

    facts = by_label(sample_facts(sample_of(sequence), sequence, None))

    assert facts["text"] == "3 characters, not tokenised"


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.binary()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_column_of_any_value_is_one_safe_line(value: Any) -> None:
    """Any value of any column is shown on one printable line."""
    assert column_value(value).isprintable()


@pytest.mark.parametrize("value", ["x" * 10**6, ["x" * 10**6] * 1000, {"k": list(range(10**5))}])
def test_a_large_value_is_cut(value: Any) -> None:
    """A value of a megabyte is shown by its beginning."""
    assert len(column_value(value)) < 5000


def test_columns_keep_their_order() -> None:
    """Columns are shown in the order in which they are stored."""
    sample = Sample(row=0, kind="plain", sequences=(), columns={"b": 1, "a": None})

    assert column_facts(sample) == [Fact("b", "1"), Fact("a", "null")]


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 5, "0%"), (5, 5, "100%"), (1, 10**6, "0.1%"), (10**6 - 1, 10**6, "99.9%"), (0, 0, "0%")],
)
def test_only_none_and_all_are_round(part: int, whole: int, shown: str) -> None:
    """A share is 0% or 100% only when it is exactly that."""
    assert percent(part, whole) == shown
