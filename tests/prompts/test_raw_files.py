"""A raw row's line, whatever the file is like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.prompts.explained import RawPlace
from inspect_tool.prompts.raw_files import RawFile, RawFiles
from inspect_tool.prompts.raw_json import span_in_json

if TYPE_CHECKING:
    from pathlib import Path

ANY = st.recursive(
    st.text() | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": 2}\n', [1, 2]),
        ("a.jsonl", '{"a": 1}\n\n  \n{"a": 2}', [1, 4]),
        ("a.jsonl", '{"a": 1}\r\n{"a": 2}\r\n', [1, 2]),
        ("a.jsonl", '\ufeff{"a": 1}\n', [1]),
        ("a.jsonl", "", []),
        ("a.json", '[\n {"a": [1, 2]},\n\n {"a": "]"}\n]', [2, 4]),
        ("a.json", '[{"a": 1}, {"a": 2}]', [1, 1]),
        ("a.json", "[]", []),
        ("a.json", "[{", []),
        ("a.csv", 'a,b\n1,"two\nlines"\n3,4\n', [2, 4]),
        ("a.txt", "one\n\nthree\n", [1, 2, 3]),
        ("a.parquet", "PAR1", []),
    ],
)
def test_lines_of_rows(name: str, text: str, lines: list[int], tmp_path: Path) -> None:
    """Each format's rows begin where they begin; what has no lines, or is broken, has none."""
    file = tmp_path / name
    file.write_bytes(text.encode())

    assert RawFile(file).lines.tolist() == lines


def test_missing_file(tmp_path: Path) -> None:
    """A file that is gone has no lines, and is no error."""
    assert RawFile(tmp_path / "gone.jsonl").lines.tolist() == []


def test_rows_run_on_over_files(tmp_path: Path) -> None:
    """Several files are counted one after the other."""
    for name, count in (("a.jsonl", 2), ("b.jsonl", 3)):
        (tmp_path / name).write_text("{}\n" * count)
    files = RawFiles([str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")])

    assert files.place_of(1, 5) == RawPlace(str(tmp_path / "a.jsonl"), 2)
    assert files.place_of(3, 5) == RawPlace(str(tmp_path / "b.jsonl"), 2)


def test_slices_are_found_by_content(tmp_path: Path) -> None:
    """Where the rows are fewer than the lines, the row itself is looked for."""
    file = tmp_path / "a.jsonl"
    file.write_text("".join(f'{{"a": {n}, "b": null}}\n' for n in range(9)))

    place = RawFiles([str(file)]).place_of(0, 3, lambda: {"a": 6})

    assert place == RawPlace(str(file), 7)


def test_nothing_is_claimed_without_the_row(tmp_path: Path) -> None:
    """A line is not guessed: the file alone is named when the row is nowhere in it."""
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{"a": 2}\n')

    assert RawFiles([str(file)]).place_of(0, 1, lambda: {"a": 3}) == RawPlace(str(file), None)


def test_line_text(tmp_path: Path) -> None:
    """A line is given without its end, in UTF-8."""
    file = tmp_path / "a.jsonl"
    file.write_bytes("é\r\nzwei\n".encode())

    assert [RawFile(file).line_text(line) for line in (1, 2)] == ["é", "zwei"]


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    """Return every text of a value with its path."""
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for n, item in enumerate(value) for leaf in leaves(item, (*path, n))]
    return []


@given(ANY, st.booleans(), st.data())
def test_characters_in_json(value: Any, ascii_only: bool, data: st.DataObject) -> None:
    """Any stretch of any text is found in any JSON, escapes and all."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    for path, leaf in leaves(value):
        start = data.draw(st.integers(0, len(leaf)))
        end = data.draw(st.integers(start, len(leaf)))

        span = span_in_json(text, path, start, end)

        assert span is not None
        assert json.loads(f'"{text[span[0] : span[1]]}"') == leaf[start:end]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1}', ("a",)),
        ('{"a": "x"}', ("b",)),
        ('{"a": "x"}', ("a", 0)),
        ('["x"]', ("a",)),
        ('{"a": "x"', ("b",)),
        ("not json", ("a",)),
        ("", ()),
    ],
)
def test_no_text_there(text: str, path: tuple[str | int, ...]) -> None:
    """A path that leads to no text, or text that is no JSON, gives nothing and raises nothing."""
    assert span_in_json(text, path, 0, 1) is None
