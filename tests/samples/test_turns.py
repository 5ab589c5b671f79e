"""Turns of a conversation are found by what its chat template writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer

from inspect_tool.samples.sample import IGNORE_INDEX, TokenSequence
from inspect_tool.samples.turns import Turn, Turns, turns_of
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

CHATML = (
    "<|im_start|>system\nBe brief.<|im_end|>\n"
    "<|im_start|>user\nHi<|im_end|>\n"
    "<|im_start|>assistant\nHello<|im_end|>\n"
)
LLAMA3 = (
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>"
)
MISTRAL = "<s>[INST] Hi [/INST] Hello</s>[INST] More [/INST] There</s>"
ALPACA = "<s>Below is an instruction.\n\n### Instruction:\nHi\n\n### Response:\nHello</s>"


def turns_in(folder: Path, text: str) -> tuple[Turns, list[str]]:
    """The turns of a text, and the decoded text of each."""
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = np.array(library.encode(text, add_special_tokens=False).ids, dtype=np.int32)
    vocabulary = Vocabulary.load(folder)
    turns = turns_of(TokenSequence("input_ids", ids), vocabulary)
    texts = vocabulary.texts(ids)
    places = [turns.at(start) for start in turns.starts.tolist()]
    return turns, ["".join(texts[turn.start : turn.stop]) for turn in places]


def test_special_tokens_open_turns(chatml_dir: Path) -> None:
    """A header token opens a turn, and the text after it is its role."""
    turns, texts = turns_in(chatml_dir, CHATML)

    assert turns.roles == ("system", "user", "assistant")
    assert [text.splitlines()[1] for text in texts] == [
        "Be brief.<|im_end|>",
        "Hi<|im_end|>",
        "Hello<|im_end|>",
    ]


def test_a_leading_bos_belongs_to_the_first_turn(llama3_dir: Path) -> None:
    """What stands before the first marker is no turn if it is special tokens alone."""
    turns, texts = turns_in(llama3_dir, LLAMA3)

    assert turns.roles == ("user", "assistant")
    assert texts[0].startswith("<|begin_of_text|><|start_header_id|>user")


def test_plain_text_markers_open_turns(mistral_dir: Path) -> None:
    """A template whose markers are no tokens of the vocabulary is read by its text."""
    turns, texts = turns_in(mistral_dir, MISTRAL)

    assert (turns.source, turns.roles) == ("text", ("user", "assistant", "user", "assistant"))
    assert [text.strip().split("]")[0] for text in texts[1:]] == ["[/INST", "[INST", "[/INST"]


def test_text_before_the_first_marker_is_a_turn_without_a_role(mistral_dir: Path) -> None:
    """Alpaca's preamble is part of the prompt, of no one's turn."""
    turns, texts = turns_in(mistral_dir, ALPACA)

    assert turns.roles == ("", "user", "assistant")
    assert "Below is" in texts[0]


def test_a_marker_added_with_a_space_before_it_opens_a_turn(
    tmp_path: Path, mistral_dir: Path
) -> None:
    """What `tokens: [" [/INST]"]` adds is the marker all the same."""
    library = Tokenizer.from_file(str(mistral_dir / "tokenizer.json"))
    library.add_tokens([AddedToken(text, normalized=False) for text in ("[INST]", " [/INST]")])
    library.save(str(tmp_path / "tokenizer.json"))

    turns, _ = turns_in(tmp_path, MISTRAL)

    assert (turns.source, turns.roles) == ("markers", ("user", "assistant", "user", "assistant"))


def test_turns_cover_the_sequence(chatml_dir: Path) -> None:
    """Every token is in exactly one turn."""
    _, texts = turns_in(chatml_dir, CHATML)

    assert "".join(texts) == CHATML


def test_a_marker_must_begin_its_line(mistral_dir: Path) -> None:
    """Text that only mentions a heading opens no turn."""
    turns, _ = turns_in(mistral_dir, "<s>Write ### Response: there")

    assert turns.source == "spans"


def test_without_markers_spans_are_turns() -> None:
    """Where no marker is found, runs of trained and masked tokens stand in."""
    ids = np.arange(6)
    labels = np.where(ids < 4, IGNORE_INDEX, ids)

    turns = turns_of(TokenSequence("input_ids", ids, labels=labels), None)

    assert (turns.source, turns.starts.tolist()) == ("spans", [0, 4])


def test_a_turn_knows_its_place() -> None:
    """The turn of a token has its number, its bounds and its role."""
    turns = Turns(np.array([0, 3, 9]), ("system", "user", "assistant"), 12, "markers")

    assert turns.at(8) == Turn(2, 3, 9, "user")
    assert turns.at(11) == Turn(3, 9, 12, "assistant")


@pytest.mark.parametrize("text", ["<|im_start|>", "<|im_start|>" * 3, "a<|im_start|>"])
def test_a_header_without_a_role_has_an_empty_one(text: str, chatml_dir: Path) -> None:
    """A sequence that is cut off after a marker has a turn all the same."""
    turns, texts = turns_in(chatml_dir, text)

    assert "".join(texts) == text
    assert turns.roles[-1] == ""


def test_an_empty_sequence_has_no_turns(chatml_dir: Path) -> None:
    """No tokens, no turns."""
    sequence = TokenSequence("input_ids", np.array([], dtype=np.int32))

    assert len(turns_of(sequence, Vocabulary.load(chatml_dir))) == 0
