"""JSON with comments is read as VS Code reads it, and changed without losing a character."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tool.editor import edit
from inspect_tool.editor.jsonc import JsoncError, parse
from tests.vscode.texts import VALUES, comments, documents

EXAMPLES = settings(max_examples=60, deadline=None)


@EXAMPLES
@given(documents(), st.text(max_size=3), VALUES)
def test_a_key_is_set(document: tuple[dict[str, Any], str], key: str, value: Any) -> None:
    """One key is as wanted, all others are as they were; set again, nothing changes."""
    before, text = document

    new = edit.set_key(text, parse(text), key, value)

    assert edit.same(parse(new).value, {**before, key: value})
    assert edit.set_key(new, parse(new), key, value) == new
    assert comments(new) == comments(text)


@EXAMPLES
@given(documents(), st.data())
def test_a_key_is_dropped(document: tuple[dict[str, Any], str], data: st.DataObject) -> None:
    """One key is gone, all others and every comment stay, and the text is still JSON."""
    before, text = document
    key = data.draw(st.sampled_from([*before, "not there"]))

    new = edit.drop_key(text, parse(text), key)

    assert edit.same(parse(new).value, {k: v for k, v in before.items() if k != key})
    assert comments(new) == comments(text)


@EXAMPLES
@given(documents(), VALUES, st.booleans())
def test_an_item_is_appended(document: tuple[dict[str, Any], str], item: Any, filled: bool) -> None:
    """The item is the last, and every comment is there, in order."""
    text = f'{{"list": [{document[1] if filled else ""}]}}'
    holder = parse(text).member("list")
    assert holder is not None

    new = edit.append(text, holder, item)

    assert edit.same(parse(new).value["list"], [*holder.value, item])
    assert comments(new) == comments(text)


@EXAMPLES
@given(documents(), st.data())
def test_what_is_broken_is_told(document: tuple[dict[str, Any], str], data: st.DataObject) -> None:
    """A text with a few characters changed is read, or refused with its line; nothing else."""
    text = document[1]
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.text(max_size=2)) + text[at + 1 :]

    with suppress(JsoncError):
        parse(broken)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1: a value is missing here"),
        ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: a comma or } is missing here"),
        ('{"a" 1}', "line 1, column 6: a colon is missing here"),
        ("{'a': 1}", "line 1, column 2: a string in double quotes"),
        ('{"a": 1} x', "line 1, column 10: something follows the end"),
        ("{ /* so it goes", "line 1, column 3: a comment that does not end"),
        ("[" * 200, "nested more than"),
        ("1" * 5000, "a number that is too long"),
    ],
)
def test_where_it_breaks_off(text: str, said: str) -> None:
    """The line and the column are said, and what is missing there."""
    with pytest.raises(JsoncError, match=said.replace("}", r"\}")):
        parse(text)


def test_the_last_of_two_counts() -> None:
    """A key that is written twice has its last value, as in VS Code."""
    node = parse('{"a": 1, "a": 2}').member("a")

    assert node is not None
    assert node.value == 2
