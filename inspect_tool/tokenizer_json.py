"""Any tokenizer that transformers loads, in the form of the tokenizers library (tokenizer.json).

Runs in the axolotl worker. What has no such form of its own gets one that decodes as it does; the
merges, which decoding does not need, are left out of it.
"""

from __future__ import annotations

import json
from typing import Any

from inspect_tool.errors import InspectError


def tokenizer_json(tokenizer: Any) -> str:
    """Return the text of ``tokenizer``'s tokenizer.json; raises InspectError where none fits."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return str(backend.to_str())
    instruct = getattr(getattr(tokenizer, "tokenizer", None), "instruct_tokenizer", None)
    if instruct is not None:
        return json.dumps(_of_mistral_common(instruct.tokenizer), ensure_ascii=False)
    from transformers.convert_slow_tokenizer import convert_slow_tokenizer

    try:
        return str(convert_slow_tokenizer(tokenizer).to_str())
    except Exception as error:
        raise InspectError(
            f"{type(tokenizer).__name__} has no tokenizer.json form ({error})",
            fix="name a folder with a tokenizer.json with --tokenizer",
        ) from error


def byte_characters() -> list[str]:
    """Return the printable character that stands for each byte in byte-level vocabularies.

    GPT-2's table: printable Latin-1 stands for itself, the rest is moved up from U+0100.
    """
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) if byte in plain else chr(0x100 + moved.index(byte)) for byte in range(256)]


def _of_mistral_common(inner: Any) -> dict[str, Any]:
    """Describe the tokenizer inside mistral_common: tekken's bytes, or SentencePiece's pieces."""
    special = {index: inner.id_to_piece(index) for index in sorted(inner.special_ids)}
    plain = [index for index in range(inner.n_words) if index not in special]
    if hasattr(inner, "id_to_byte_piece"):
        table = byte_characters()
        vocab = {
            "".join(table[byte] for byte in inner.id_to_byte_piece(index)): index for index in plain
        }
        decoder: dict[str, Any] = {"type": "ByteLevel"}
    else:
        vocab = {inner.id_to_piece(index): index for index in plain}
        decoder = {"type": "Sequence", "decoders": list(_SENTENCEPIECE_DECODERS)}
    return {
        "version": "1.0",
        "added_tokens": [_added(index, text) for index, text in special.items()],
        "decoder": decoder,
        "model": {"type": "BPE", "byte_fallback": True, "vocab": vocab, "merges": []},
    }


_SENTENCEPIECE_DECODERS = (
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"},
    {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0},
)


def _added(index: int, text: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": index, "content": text, "special": True, **flags}
