"""The content of a row in 16 bytes, computed alike from what is rendered and from what is stored.

Rows go back to where they came from by content, because axolotl shuffles, merges and drops them
and stores no trace of their origin.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SIZE = 16


def token_digest(*sequences: NDArray[np.integer[Any]] | list[int] | None) -> bytes:
    """Return the digest of token sequences (ids and labels, or chosen and rejected ids)."""
    total = hashlib.blake2b(digest_size=SIZE)
    for sequence in sequences:
        if sequence is not None:
            total.update(np.ascontiguousarray(sequence, dtype=np.int32).tobytes())
        total.update(b"|")
    return total.digest()


def column_digest(columns: Mapping[str, Any]) -> bytes:
    """Return the digest of a row that is stored as text: its columns, nulls left out.

    `datasets` adds nulls wherever rows of one column differ in their keys.
    """
    text = json.dumps(without_nulls(dict(columns)), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def without_nulls(value: Any) -> Any:
    """Return ``value`` without the null entries of its mappings, at every depth."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
