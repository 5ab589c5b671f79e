"""Names for files of the cache: equal values have equal names, whatever their order."""

from __future__ import annotations

import hashlib
import json


def digest(*values: object) -> str:
    """Return a name of 32 characters for plain values; keys of any type count as text."""
    plain = json.loads(json.dumps(values, default=str))
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
