"""Token id to bytes and text, from tokenizer.json alone: the first screen waits for no library.

Decoding is by run, never one id at a time: a character may span several byte-fallback or
byte-level tokens, and SentencePiece drops one space at the start of a text.
"""

from __future__ import annotations

import codecs
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.samples.pieces import PieceDecoder, decoder_of, is_byte, normalized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ROLES = ("bos", "eos", "unk", "pad", "sep", "cls", "mask")
"""The special-token roles that a tokenizer's config names, in its order."""
MAX_PIECES = 10_000_000
"""More than any vocabulary has; an id beyond it is a mistake that would take all memory."""


class TokenizerMissingError(InspectError):
    """No tokenizer could be read where one was named."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Every token of one tokenizer.

    ``pieces[i]`` is the raw piece of id ``i`` (``▁Hello``, ``Ġthe``, ``<0x0A>``) or None where
    the vocabulary has a hole; ``special`` bool[V] marks the special tokens, ``added`` bool[V] all
    added ones; ``roles`` maps ``bos``, ``eos``, ... to ids. Bytes are worked out when first asked
    for: a sample uses few of the pieces, and a large vocabulary must not delay the first screen.
    """

    name: str
    pieces: list[str | None]
    special: NDArray[np.bool_]
    added: NDArray[np.bool_]
    decoder: PieceDecoder
    roles: Mapping[str, int] = field(default_factory=dict)
    prefix: tuple[int, ...] = ()
    """The ids that the tokenizer itself puts in front of every text, such as its BOS."""
    _data: dict[int, bytes] = field(default_factory=dict, repr=False)
    _whole: dict[int, str] = field(default_factory=dict, repr=False)
    """The text of each id seen so far that needs no neighbour."""
    _partial: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8), repr=False)

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read a tokenizer folder or a tokenizer.json; raises TokenizerMissingError."""
        file = path / "tokenizer.json" if path.is_dir() else path
        if not file.is_file():
            raise TokenizerMissingError(
                "no tokenizer.json there",
                place=path,
                fix="name a tokenizer folder with --tokenizer, or tokenizer_config in the YAML",
            )
        try:
            data = file.read_bytes()
        except OSError as error:
            raise _unreadable(error, file) from error
        return cls.from_json(data, name=str(path), place=file, roles=read_roles(file.parent))

    @classmethod
    def from_json(
        cls,
        data: str | bytes,
        *,
        name: str,
        place: object = None,
        roles: Mapping[str, str] | None = None,
    ) -> Vocabulary:
        """Build from a tokenizer.json; ``roles`` maps a role to its token's text."""
        try:
            spec = _read_spec(data if isinstance(data, bytes) else data.encode())
            pieces, special, added = _read_pieces(spec)
            decoder = decoder_of(spec)
            prefix = tuple(_prefix(spec.get("post_processor")))
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise _unreadable(error, place or name) from error
        return cls(
            name=name,
            pieces=pieces,
            special=np.array(special, dtype=np.bool_),
            added=np.array(added, dtype=np.bool_),
            decoder=decoder,
            roles=_role_ids(pieces, roles or {}),
            prefix=prefix,
            _partial=np.full(len(pieces), -1, dtype=np.int8),
        )

    def __len__(self) -> int:
        return len(self.pieces)

    def piece(self, token_id: int) -> str | None:
        """Return the raw piece of an id, None for an id that the vocabulary does not have."""
        return self.pieces[token_id] if 0 <= token_id < len(self.pieces) else None

    def bytes_of(self, token_id: int) -> bytes:
        """Return the bytes that an id stands for, empty for an id past the vocabulary."""
        data = self._data.get(token_id)
        if data is None:
            data = self._data[token_id] = self._encode(token_id)
        return data

    def known(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Tell for each id whether it lies in the vocabulary; bool, the shape of ``ids``."""
        return (ids >= 0) & (ids < len(self.pieces))

    def specials(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Tell for each id whether it is a special token; bool, the shape of ``ids``."""
        return self._lookup(self.special, ids)

    def partials(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Tell for each id whether its bytes need a neighbour to be text; bool, as ``ids``."""
        self._work_out(ids)
        return self._lookup(self._partial == 1, ids)

    def texts(self, ids: NDArray[np.integer[Any]], *, continued: bool = False) -> list[str]:
        """Return one text per token of ``ids`` int[n]; joined they are the decoded text.

        A character split over several tokens is given to the token with its first byte, the
        others get an empty string; bytes that are no UTF-8 become U+FFFD as the tokenizers
        library has it. ``continued``: other tokens come before ``ids``, so that their first space
        is no text's first.
        """
        listed = ids.tolist()  # a set of them: np.unique would first import half of numpy
        whole = self._whole
        for token_id in set(listed):
            if token_id not in whole:
                whole[token_id] = _text(self.bytes_of(token_id))
        texts = [whole[token_id] for token_id in listed]
        split = _split_fallback if self.decoder.byte_fallback else _split_run
        for start, stop in runs(self.joint(ids)):
            texts[start:stop] = split([self.bytes_of(i) for i in ids[start:stop].tolist()])
        drops_space = self.decoder.strip_first and not continued
        if drops_space and texts and texts[0].startswith(" "):
            texts[0] = texts[0][1:]
        return texts

    def joint(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Tell for each id whether its text depends on its neighbours; bool, as ``ids``.

        Partial ones do, and with byte fallback whole runs of byte pieces around them.
        """
        partial = self.partials(ids)
        if not self.decoder.byte_fallback or not partial.any():
            return partial
        joint = np.zeros(ids.shape, dtype=np.bool_)
        for start, stop in runs(self._lookup(self._bytes, ids)):
            joint[start:stop] = partial[start:stop].any()
        return joint

    def decode(self, ids: NDArray[np.integer[Any]]) -> str:
        """Return the decoded text of ``ids`` int[n], special tokens included."""
        return "".join(self.texts(ids))

    @cached_property
    def _bytes(self) -> NDArray[np.bool_]:
        """Which ids are byte pieces, bool[V]."""
        found = np.zeros(len(self.pieces), dtype=np.bool_)
        found[[i for i, piece in enumerate(self.pieces) if is_byte(piece)]] = True
        return found

    def _encode(self, token_id: int) -> bytes:
        piece = self.piece(token_id)
        return b"" if piece is None else self.decoder.of(piece)

    def _work_out(self, ids: NDArray[np.integer[Any]]) -> None:
        """Settle for every id in ``ids`` whether its bytes are whole UTF-8."""
        unsettled = ids[self.known(ids)]
        for token_id in set(unsettled[self._partial[unsettled] < 0].tolist()):
            self._partial[token_id] = _is_partial(self.bytes_of(token_id))

    def _lookup(self, flags: NDArray[np.bool_], ids: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        known = self.known(ids)
        if known.all():
            return np.asarray(flags[ids])
        found = np.zeros(ids.shape, dtype=np.bool_)
        found[known] = flags[ids[known]]
        return found


def read_roles(folder: Path) -> dict[str, str]:
    """Read which token plays which role (``eos`` -> ``</s>``) from a tokenizer folder's configs."""
    roles: dict[str, str] = {}
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        try:
            config = json.loads((folder / file).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        for role in ROLES:
            token = config.get(f"{role}_token") if isinstance(config, dict) else None
            text = token.get("content") if isinstance(token, dict) else token
            if isinstance(text, str):
                roles[role] = text
    return roles


_MERGES = re.compile(rb'"merges"\s*:\s*\[')
_ENDS = re.compile(rb"\]\s*\}\s*\}\s*\Z")
"""The end of the merges where they are the model's last entry, and the model the file's."""


def _read_spec(data: bytes) -> Any:
    """Read a tokenizer.json but for its merges: most of the file, and only encoding needs them."""
    merges = _MERGES.search(data)
    end = _ENDS.search(data, max(len(data) - 64, merges.end())) if merges else None
    if merges and end:
        with suppress(ValueError, KeyError, TypeError):
            spec = json.loads(data[: merges.end()] + data[end.start() :])
            if spec["model"]["vocab"]:
                return spec
    return json.loads(data)


def _read_pieces(spec: Mapping[str, Any]) -> tuple[list[str | None], list[bool], list[bool]]:
    vocab = spec["model"]["vocab"]
    entries = vocab.items() if isinstance(vocab, dict) else _unigram_entries(vocab)
    named: list[tuple[str, int]] = list(entries)
    tokens = spec.get("added_tokens") or []
    ids = [i for _, i in named] + [t["id"] for t in tokens]
    size = max(ids, default=-1) + 1
    if size > MAX_PIECES or min(ids, default=0) < 0:
        raise ValueError(f"its ids run from {min(ids)} to {max(ids)}")
    pieces: list[str | None] = [None] * size
    special, added = [False] * size, [False] * size
    for piece, index in named:
        pieces[index] = piece
    for token in tokens:
        as_known = normalized if token.get("normalized") else _verbatim
        pieces[token["id"]] = as_known(token["content"], spec.get("normalizer"))
        added[token["id"]] = True
        special[token["id"]] = bool(token.get("special"))
    if not {str, type(None)}.issuperset(map(type, pieces)):
        raise TypeError("a piece is no text")
    return pieces, special, added


def _verbatim(content: str, _: Mapping[str, Any] | None) -> str:
    return content


def _unreadable(error: Exception, place: object) -> TokenizerMissingError:
    return TokenizerMissingError(
        f"not a tokenizer.json that can be read ({error})",
        place=place,
        fix="name another tokenizer with --tokenizer",
    )


def _role_ids(pieces: list[str | None], roles: Mapping[str, str]) -> dict[str, int]:
    tokens = set(roles.values())
    ids = {piece: index for index, piece in enumerate(pieces) if piece in tokens}
    return {role: ids[token] for role, token in roles.items() if token in ids}


def _prefix(post_processor: Mapping[str, Any] | None) -> Iterator[int]:
    """Yield the ids that a tokenizer.json's post-processor writes before a single text."""
    if not post_processor:
        return
    for step in post_processor.get("processors") or [post_processor]:
        if step.get("type") != "TemplateProcessing":
            continue
        for part in step["single"]:
            if "Sequence" in part:
                return
            yield from step["special_tokens"][part["SpecialToken"]["id"]]["ids"]


def _unigram_entries(vocab: Iterable[list[Any]]) -> Iterator[tuple[str, int]]:
    return ((entry[0], index) for index, entry in enumerate(vocab))


def _is_partial(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the half-open runs of True in ``flags`` bool[n]."""
    if not flags.any():
        return []
    padded = np.zeros(len(flags) + 2, dtype=np.bool_)
    padded[1:-1] = flags
    edges = np.flatnonzero(padded[1:] != padded[:-1]).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _split_run(parts: list[bytes]) -> list[str]:
    """Decode ``parts`` together and give each character to the part that holds its first byte."""
    ends = np.cumsum([len(part) for part in parts])
    texts = [""] * len(parts)
    owner = position = 0
    for char, size in _characters(b"".join(parts)):
        while position >= ends[owner]:
            owner += 1
        texts[owner] += char
        position += size
    return texts


def _split_fallback(parts: list[bytes]) -> list[str]:
    """Decode byte pieces together; one ill-formed byte spoils all, as in tokenizers."""
    try:
        b"".join(parts).decode("utf-8")
    except UnicodeDecodeError:
        return ["\ufffd"] * len(parts)
    return _split_run(parts)


def _characters(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield each character and its length in bytes; an ill-formed part is one U+FFFD."""
    ill_formed: dict[int, int] = {}

    def replace(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        ill_formed[error.start] = error.end - error.start
        return "\ufffd", error.end

    codecs.register_error("inspect-tool-replace", replace)
    position = 0
    for char in data.decode("utf-8", "inspect-tool-replace"):
        size = ill_formed.get(position) or len(char.encode("utf-8"))
        position += size
        yield char, size
