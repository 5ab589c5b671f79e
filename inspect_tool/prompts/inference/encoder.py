"""A transformers tokenizer as the diff uses it: many texts at once, and ids back to texts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.samples.vocabulary import ROLES, Vocabulary
from inspect_tool.tokenizer_json import tokenizer_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Encoder:
    """Wraps one tokenizer; made once per tokenizer, in the worker."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.bos_id: int | None = tokenizer.bos_token_id
        self.eos_id: int | None = tokenizer.eos_token_id
        self.bos_token: str = tokenizer.bos_token or ""

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Every token's text."""
        roles = {role: getattr(self.tokenizer, f"{role}_token", None) for role in ROLES}
        named = {role: str(token) for role, token in roles.items() if token is not None}
        return Vocabulary.from_json(
            tokenizer_json(self.tokenizer), name=str(self.tokenizer.name_or_path), roles=named
        )

    @cached_property
    def special_ids(self) -> frozenset[int]:
        """Special and added tokens."""
        added = getattr(self.tokenizer, "added_tokens_decoder", {})
        return frozenset(self.tokenizer.all_special_ids) | frozenset(added)

    def encode(self, texts: Sequence[str], *, special: bool = False) -> list[list[int]]:
        """Return the ids of each text; ``special`` lets the tokenizer add its own BOS."""
        if not texts:
            return []
        out = self.tokenizer(list(texts), add_special_tokens=special, return_attention_mask=False)
        return [list(ids) for ids in out["input_ids"]]

    def ids(self, text: str, *, special: bool = False) -> list[int]:
        """Return the ids of one text."""
        return self.encode([text], special=special)[0]

    def texts(self, ids: Iterable[int]) -> list[str]:
        """Return one text per id; joined they are the decoded text."""
        return self.vocabulary.texts(np.fromiter(ids, dtype=np.int64))

    def text(self, ids: Iterable[int]) -> str:
        """Return the decoded text of ids, special tokens included."""
        return "".join(self.texts(ids))

    def token(self, token_id: int) -> str:
        """Return how a token is written, its id where it has no text."""
        return self.vocabulary.piece(token_id) or f"#{token_id}"

    def tokens(self, ids: Iterable[int]) -> str:
        """Return tokens as people name them: text and id."""
        return ", ".join(f"{self.token(item)} ({item})" for item in ids)
