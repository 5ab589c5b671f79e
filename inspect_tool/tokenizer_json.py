"""Any tokenizer that transformers loads, in the form of the tokenizers library (tokenizer.json).

Runs in the axolotl worker. What has no such form of its own gets one that decodes as it does; the
merges, which decoding does not need, are left out of it.
"""

from __future__ import annotations

import json
from typing import Any

from inspect_tool.errors import InspectError
from inspect_tool.samples.pieces import byte_level_alphabet


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


def _of_mistral_common(inner: Any) -> dict[str, Any]:
    """Describe the tokenizer inside mistral_common: tekken's bytes, or SentencePiece's pieces."""
    special = {index: inner.id_to_piece(index) for index in sorted(inner.special_ids)}
    plain = [index for index in range(inner.n_words) if index not in special]
    if hasattr(inner, "id_to_byte_piece"):
        table = {byte: char for char, byte in byte_level_alphabet().items()}
        vocab = {
            "".join(table[byte] for byte in inner.id_to_byte_piece(index)): index for index in plain
        }
        decoder: dict[str, Any] = {"type": "ByteLevel"}
        fallback = False
    else:
        vocab = {inner.id_to_piece(index): index for index in plain}
        decoder = {"type": "Sequence", "decoders": list(_SENTENCEPIECE_DECODERS)}
        fallback = True
    return {
        "version": "1.0",
        "added_tokens": [_added(index, text) for index, text in special.items()],
        "decoder": decoder,
        "model": {"type": "BPE", "byte_fallback": fallback, "vocab": vocab, "merges": []},
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
