"""From a vocabulary's raw piece to its bytes, by the decoder that tokenizer.json declares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def byte_level_alphabet() -> dict[str, int]:
    """Return the 256 printable characters that byte-level BPE writes for bytes (GPT-2's table)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    pairs = [(chr(byte), byte) for byte in printable]
    return dict(pairs + [(chr(256 + n), byte) for n, byte in enumerate(others)])


@dataclass(frozen=True)
class PieceDecoder:
    """What tokenizer.json's ``decoder`` does to one piece, as far as bytes are concerned.

    ``strip_first``: one space at the start of the whole text is dropped. ``spaced``: a space
    stands between any two pieces.
    """

    alphabet: Mapping[str, int] | None = None
    replacements: tuple[tuple[str, str], ...] = ()
    byte_fallback: bool = False
    suffix: str = ""
    word_prefix: str = ""
    spaced: bool = False
    strip_first: bool = False

    def of(self, piece: str) -> bytes:
        """Return the bytes of one piece; the libraries decode added tokens no differently."""
        if self.alphabet is not None:
            alphabet = self.alphabet
            if all(char in alphabet for char in piece):
                return bytes(alphabet[char] for char in piece)
        if self.byte_fallback and (match := _BYTE_PIECE.fullmatch(piece)):
            return bytes([int(match[1], 16)])
        for old, new in self.replacements:
            piece = piece.replace(old, new)
        if self.suffix and piece.endswith(self.suffix):
            piece = piece[: -len(self.suffix)] + " "
        if self.word_prefix:
            inside = piece.startswith(self.word_prefix)
            piece = piece[len(self.word_prefix) :] if inside else f" {piece}"
        if self.spaced:
            piece = f" {piece}"
        return piece.encode("utf-8", "surrogatepass")


def decoder_of(spec: Mapping[str, Any]) -> PieceDecoder:
    """Read the decoder of a tokenizer.json; a step that is not known leaves pieces as they are."""
    steps = {step["type"]: step for step in _steps(spec.get("decoder"))}
    replacements = [
        (step["pattern"]["String"], step["content"])
        for step in _steps(spec.get("decoder"))
        if step["type"] == "Replace" and "String" in step["pattern"]
    ]
    metaspace = steps.get("Metaspace")
    if metaspace:
        replacements.append((metaspace.get("replacement", "▁"), " "))
    strip = steps.get("Strip", {})
    spaced = not spec.get("decoder")
    return PieceDecoder(
        alphabet=byte_level_alphabet() if "ByteLevel" in steps else None,
        replacements=tuple(replacements),
        byte_fallback="ByteFallback" in steps or bool(spec["model"].get("byte_fallback")),
        suffix=steps.get("BPEDecoder", {}).get("suffix", ""),
        word_prefix=steps.get("WordPiece", {}).get("prefix", ""),
        spaced=spaced,
        strip_first=spaced
        or (strip.get("content") == " " and strip.get("start", 0) > 0)
        or (metaspace is not None and metaspace.get("prepend_scheme", "always") != "never")
        or "WordPiece" in steps,
    )


def normalized(content: str, normalizer: Mapping[str, Any] | None) -> str:
    """Return an added token's content as a normalizer leaves it: the piece that it is known by.

    Only what SentencePiece tokenizers do is done (a ``▁`` in front, spaces as ``▁``).
    """
    for step in _steps(normalizer):
        if step["type"] == "Prepend":
            content = step["prepend"] + content
        elif step["type"] == "Replace" and "String" in step["pattern"]:
            content = content.replace(step["pattern"]["String"], step["content"])
    return content


def is_byte(piece: str | None) -> bool:
    """Tell whether a piece of a byte-fallback vocabulary stands for one byte (``<0x0A>``)."""
    if piece is None or not piece.startswith("<0x"):
        return False
    return _BYTE_PIECE.fullmatch(piece) is not None


def _steps(spec: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Yield the steps of a decoder or normalizer, sequences unfolded."""
    if not spec:
        return
    if spec["type"] == "Sequence":
        for step in spec.get("decoders") or spec.get("normalizers") or ():
            yield from _steps(step)
    else:
        yield spec
