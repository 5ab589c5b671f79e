"""Every decoder that a tokenizer.json may declare gives the bytes that the library gives."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders
from tokenizers.models import WordLevel

from inspect_tool.samples.pieces import byte_level_alphabet, decoder_of, is_byte
from inspect_tool.samples.vocabulary import Vocabulary

PIECES = [
    "▁one",
    "two",
    "▁",
    "##ing",
    "un",
    "end</w>",
    "mid",
    "Ġthe",
    "<0x0A>",
    "<0xE9>",
    "é",
    "Ã©",
]

DECODERS: dict[str, Any] = {
    "byte level": decoders.ByteLevel(),
    "metaspace": decoders.Metaspace(),
    "metaspace, nothing prepended": decoders.Metaspace(prepend_scheme="never"),
    "word pieces": decoders.WordPiece(cleanup=False),
    "suffixes": decoders.BPEDecoder(),
    "byte fallback": decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()]),
    "llama": decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    ),
    "none": None,
}


@pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS.keys())
def test_decoders(decoder: Any) -> None:
    """A text of all pieces reads as the library decodes it."""
    library = Tokenizer(WordLevel({piece: n for n, piece in enumerate(PIECES)}, unk_token="un"))
    if decoder is not None:
        library.decoder = decoder
    vocabulary = Vocabulary.from_json(library.to_str(), name="small")
    ids = [*range(len(PIECES)), *reversed(range(len(PIECES)))]

    assert vocabulary.decode(np.array(ids)) == library.decode(ids)


def test_byte_level_alphabet_is_all_bytes() -> None:
    """Each of the 256 bytes is written by a character of its own."""
    assert sorted(byte_level_alphabet().values()) == list(range(256))


def test_unknown_decoder_leaves_pieces_alone() -> None:
    """A step that nobody knows yet costs no text."""
    spec = json.loads('{"model": {}, "decoder": {"type": "FromTheFuture"}}')

    assert decoder_of(spec).of("▁as it is") == "▁as it is".encode()


@pytest.mark.parametrize(
    ("piece", "expected"),
    [("<0x0A>", True), ("<0xff>", True), ("<0x0A", False), ("<0xGG>", False), (None, False)],
)
def test_byte_pieces(piece: str | None, expected: bool) -> None:
    """Byte pieces are told by their form."""
    assert is_byte(piece) is expected
