"""Raw rows laid out for reading: the place of every text is where it stands."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.prompts.raw_text import raw_text

TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    """Return the value at a path."""
    for part in path:
        value = value[part]
    return value


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_every_text_stands_at_its_place(row: dict[str, Any]) -> None:
    """The characters at a path's place are the string that the row has there."""
    raw = raw_text(row)

    assert all(raw.text[p.start : p.stop] == at(row, path) for path, p in raw.places.items())


def test_layout() -> None:
    """A row reads as indented JSON, with line breaks as they are."""
    raw = raw_text({"turns": [{"role": "user", "n": None, "text": "a\nb"}], "x": {}, "y": 1.5})

    assert raw.text == (
        '{\n  "turns": [\n    {\n      "role": "user",\n      "text": "a\nb"\n    }\n  ],\n'
        '  "x": {},\n  "y": 1.5\n}'
    )
