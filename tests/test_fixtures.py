"""The fixtures are what they claim: above all, the tokenizer is Mistral's own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer

from fixtures import byte_bpe, mistral
from fixtures.build import build_tokenizers
from fixtures.places import DATA, FIXTURES
from tests.texts import STRINGS

if TYPE_CHECKING:
    from pathlib import Path

MARKERS = (mistral.UNK, mistral.BOS, mistral.EOS)
"""Spelled out in text, these are one id for the Hub's tokenizer and pieces for SentencePiece."""


@pytest.fixture(scope="module")
def sentencepiece() -> SentencePieceProcessor:
    """The model as SentencePiece itself reads it."""
    return SentencePieceProcessor(model_file=str(mistral.sentencepiece_model()))


@pytest.fixture(scope="module")
def mistral_tokenizer(mistral_dir: Path) -> Tokenizer:
    """The tokenizer rebuilt from it."""
    return Tokenizer.from_file(str(mistral_dir / "tokenizer.json"))


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS.keys())
def test_mistral_ids(
    text: str, sentencepiece: SentencePieceProcessor, mistral_tokenizer: Tokenizer
) -> None:
    """The rebuilt tokenizer gives SentencePiece's ids."""
    assert _ids(mistral_tokenizer, text) == sentencepiece.encode(text)


def test_mistral_ids_of_source(
    sentencepiece: SentencePieceProcessor, mistral_tokenizer: Tokenizer
) -> None:
    """Every line of the fixtures, code and data alike, gets SentencePiece's ids."""
    files = [*FIXTURES.glob("*.py"), *FIXTURES.glob("data/*.jsonl")]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").split("\n")]

    differing = [
        line
        for line in lines
        if _ids(mistral_tokenizer, line) != sentencepiece.encode(line)
        and not any(marker in line for marker in MARKERS)
    ]

    assert len(lines) > 500
    assert differing == []


@settings(
    deadline=None,
    max_examples=300,
)
@given(text=st.text(st.sampled_from(" \n\t#(){}ab") | st.characters(exclude_categories=["Cs"])))
def test_mistral_ids_of_anything(
    text: str, sentencepiece: SentencePieceProcessor, mistral_tokenizer: Tokenizer
) -> None:
    """No text is tokenized otherwise than SentencePiece does it, but for markers it writes out."""
    assume(not any(marker in text for marker in MARKERS))

    assert _ids(mistral_tokenizer, text) == sentencepiece.encode(text)


def test_mistral_starts_with_bos(mistral_tokenizer: Tokenizer) -> None:
    """With special tokens the known sentence has the ids that the Hub's tokenizer gives."""
    ids = mistral_tokenizer.encode("Hello this is a test").ids

    assert ids == [1, 22557, 456, 349, 264, 1369]


@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS.keys())
def test_mistral_decodes_to_its_text(text: str, mistral_tokenizer: Tokenizer) -> None:
    """Decoding gives the text back, partial characters and prefix space included."""
    expected = text.replace("\u2581", " ")

    assert mistral_tokenizer.decode(_ids(mistral_tokenizer, text)) == expected


@pytest.mark.parametrize("shape", [byte_bpe.CHATML, byte_bpe.LLAMA3], ids=lambda s: s.name)
def test_byte_bpe_is_deterministic(shape: byte_bpe.ByteBPE) -> None:
    """Training twice on the same data gives the same file."""
    assert byte_bpe.tokenizer(shape).to_str() == byte_bpe.tokenizer(shape).to_str()


@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS.keys())
def test_byte_bpe_loses_nothing(text: str, chatml_dir: Path) -> None:
    """Every NFC text survives the byte-level tokenizer."""
    tokenizer = Tokenizer.from_file(str(chatml_dir / "tokenizer.json"))

    assert tokenizer.decode(_ids(tokenizer, text), skip_special_tokens=False) == text


@pytest.mark.parametrize("shape", [byte_bpe.CHATML, byte_bpe.LLAMA3], ids=lambda s: s.name)
def test_markers_are_single_tokens(shape: byte_bpe.ByteBPE) -> None:
    """Each added token is one id, also in the middle of text."""
    tokenizer = byte_bpe.tokenizer(shape)

    for token in (*shape.special, *shape.ordinary):
        assert tokenizer.token_to_id(token) in _ids(tokenizer, f"a{token}b")


def test_data_is_listed_with_its_rows() -> None:
    """The table in fixtures/data/README.md gives every file and how many rows it has."""
    table = (DATA / "README.md").read_text()
    listed = dict(re.findall(r"^\| `([a-z_]+\.jsonl)` \| (\d+) \|", table, re.MULTILINE))

    counted = {
        file.name: str(len(file.read_text(encoding="utf-8").splitlines()))
        for file in DATA.glob("*.jsonl")
    }

    assert listed == counted


@pytest.mark.parametrize("file", sorted(DATA.glob("*.jsonl")), ids=lambda file: file.stem)
def test_data_rows_have_the_same_columns(file: Path) -> None:
    """Every row of a file has the columns of its first row, as `datasets` wants it."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    assert {tuple(row) for row in rows} == {tuple(rows[0])}


def test_second_build_makes_nothing(built_tokenizers: None) -> None:
    """What is up to date is not built again."""
    assert build_tokenizers() == []
