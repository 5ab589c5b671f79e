"""JSON with comments as people and tools write it, for hypothesis: a value and a text of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.text(max_size=5),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
GAPS = st.sampled_from(["", " ", "\n", "\n  ", "\t", " // a, } note\n", "/* ] */", "\r\n\t"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Draw an object and a text of it, with comments and trailing commas anywhere."""

    def written(value: Any) -> str:
        if isinstance(value, dict):
            parts = [
                f"{draw(GAPS)}{json.dumps(key)}{draw(GAPS)}:{draw(GAPS)}{written(item)}{draw(GAPS)}"
                for key, item in value.items()
            ]
            return _closed("{", parts, "}")
        if isinstance(value, list):
            parts = [f"{draw(GAPS)}{written(item)}{draw(GAPS)}" for item in value]
            return _closed("[", parts, "]")
        return json.dumps(value)

    def _closed(opening: str, parts: list[str], closing: str) -> str:
        comma = draw(st.booleans())
        trailing = "," if parts and comma else ""
        return f"{opening}{','.join(parts)}{trailing}{draw(GAPS)}{closing}"

    value = draw(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
    return value, f"{draw(GAPS)}{written(value)}{draw(GAPS)}"


def comments(text: str) -> list[str]:
    """Return every comment of a text, in order, found by a scan of its own."""
    found, position = [], 0
    while position < len(text):
        if text[position] == '"':
            position += 1
            while text[position] != '"':
                position += 2 if text[position] == "\\" else 1
            position += 1
        elif text.startswith("//", position):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            found.append(text[position:end].rstrip())
            position = end
        elif text.startswith("/*", position):
            end = text.index("*/", position) + 2
            found.append(text[position:end])
            position = end
        else:
            position += 1
    return found
