"""The end of a sequence is the special token that only padding and white space follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import Tokenizer

from inspect_tool.samples.ending import end_token
from inspect_tool.samples.sample import TokenSequence
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def vocabulary(chatml_dir: Path) -> Vocabulary:
    """A tokenizer whose turns end with a marker and a newline."""
    return Vocabulary.load(chatml_dir)


def sequence(folder: Path, text: str, *, masked: int = 0, pads: int = 0) -> TokenSequence:
    """Encode text; the last ``masked`` tokens are masked, then ``pads`` attended to by nobody."""
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = np.array(library.encode(text, add_special_tokens=False).ids)
    labels = ids.copy()
    labels[len(ids) - masked :] = -100
    return TokenSequence(
        name="input_ids",
        ids=np.append(ids, np.full(pads, ids[-1])),
        labels=np.append(labels, np.full(pads, -100)),
        attention=np.append(np.ones(len(ids)), np.zeros(pads)).astype(np.int8),
    )


def test_marker_before_a_newline(chatml_dir: Path, vocabulary: Vocabulary) -> None:
    """The template's newline after the marker does not hide the end."""
    end = end_token(sequence(chatml_dir, "Yes.<|im_end|>\n", masked=1), vocabulary)

    assert end is not None
    assert (end.piece, end.trained) == ("<|im_end|>", True)


def test_masked_marker(chatml_dir: Path, vocabulary: Vocabulary) -> None:
    """A masked end is an end that the model never learns."""
    end = end_token(sequence(chatml_dir, "Yes.<|im_end|>\n", masked=2), vocabulary)

    assert end is not None
    assert end.trained is False


def test_padding_is_passed_over(chatml_dir: Path, vocabulary: Vocabulary) -> None:
    """Tokens that nothing attends to come after the end."""
    padded = sequence(chatml_dir, "Yes.<|im_end|>", pads=5)

    end = end_token(padded, vocabulary)

    assert end is not None
    assert end.index == len(padded) - 6


def test_text_has_no_end(chatml_dir: Path, vocabulary: Vocabulary) -> None:
    """A sample that was cut ends in text."""
    assert end_token(sequence(chatml_dir, "<|im_start|>user\nYes."), vocabulary) is None


def test_beginning_is_no_end(mistral_dir: Path) -> None:
    """A sample of nothing but its BOS has no end."""
    tokens = TokenSequence(name="input_ids", ids=np.array([1]), labels=np.array([-100]))

    assert end_token(tokens, Vocabulary.load(mistral_dir)) is None


def test_empty_sequence_has_no_end(vocabulary: Vocabulary) -> None:
    """Nothing ends nowhere."""
    assert end_token(TokenSequence(name="input_ids", ids=np.empty(0, int)), vocabulary) is None


def test_without_labels_training_is_unknown(chatml_dir: Path, vocabulary: Vocabulary) -> None:
    """Reward pairs store no labels."""
    ids = sequence(chatml_dir, "Yes.<|im_end|>").ids

    end = end_token(TokenSequence(name="chosen", ids=ids), vocabulary)

    assert end is not None
    assert end.trained is None
