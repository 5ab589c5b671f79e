"""Values of plain columns, whatever Arrow holds, as values of JSON."""

from __future__ import annotations

import json
import math
from typing import Any

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def plain_value(value: Any) -> Json:
    """Return ``value`` in JSON's types; what JSON cannot say (NaN, bytes, dates) as text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case dict():
            return {str(key): plain_value(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_value(item) for item in value]
        case _:
            return str(value)


def json_text(value: Any) -> str:
    """Return one line of JSON in printable ASCII: no byte of it can move a terminal."""
    encoded = json.dumps(plain_value(value), separators=(",", ":"), allow_nan=False)
    return encoded.replace("\x7f", "\\u007f")
