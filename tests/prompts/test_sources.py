"""Every token is traced to the characters that it shows."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from inspect_tool.prompts.explained import Field
from inspect_tool.prompts.raw_files import RawFile
from inspect_tool.prompts.raw_json import span_in_json
from inspect_tool.prompts.strategies.sources import (
    Leaf,
    SourceMap,
    by_marks,
    by_search,
    field_of,
    texts_in,
)
from tests.prompts.test_every_token import OWN, SUPERVISED, every_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.prompts.conftest import Case


def at(row: Any, path: tuple[str | int, ...]) -> str:
    """Return the text at a path of a raw row."""
    for part in path:
        row = row[part]
    assert isinstance(row, str)
    return row


def bare(text: str) -> str:
    """Return a text without its white space, which SentencePiece adds to."""
    return "".join(text.split())


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SUPERVISED, *OWN])
def test_characters_are_those_of_the_token(name: str, case: Callable[[str], Case]) -> None:
    """What stands at a token's source is the token's text, white space at its edges aside."""
    made = case(name)
    for explained in every_row(made):
        source = next(
            number
            for number, info in enumerate(made.rows.info.sources)
            if info.entry == explained.entry
        )
        raw = made.rows.raw(source, explained.row)
        for stretch in explained.stretches():
            if stretch.reason.source is None:
                continue
            shown = made.vocabulary.decode(explained.ids[stretch.start : stretch.stop])
            found = stretch.reason.source
            own = at(raw, found.field.path)[found.start : found.end]
            assert bare(own) == bare(shown), (stretch, shown)


@pytest.mark.slow
def test_every_character_of_a_message_is_found(case: Callable[[str], Case]) -> None:
    """The tokens of a turn cover its text without a gap and without an overlap."""
    made = case("chat-chatml")
    raw = made.rows.raw(0, 0)
    explained = made.explained(0, 0)
    fields = [
        number for number, field in enumerate(explained.field_table) if field.name == "content"
    ]

    assert len(fields) == len(raw["messages"])
    for number in fields:
        tokens = np.flatnonzero(explained.fields == number)
        spans = [(int(explained.starts[t]), int(explained.ends[t])) for t in tokens]
        assert all(left[1] == right[0] for left, right in pairwise(spans))
        length = len(at(raw, explained.field_table[number].path))
        assert (spans[0][0], spans[-1][1]) == (0, length)


@pytest.mark.slow
def test_place_is_the_line_of_the_row(case: Callable[[str], Case]) -> None:
    """The line that a row is traced to holds that row, and its characters can be lit there."""
    made = case("thinking")
    for row in range(made.rows.info.rows):
        place = made.rows.place(0, row)
        assert place.file is not None
        assert place.line is not None
        line = RawFile(Path(place.file)).line_text(place.line)
        explained = made.explained(0, row)
        for stretch in explained.stretches(place):
            source = stretch.reason.source
            if source is None:
                continue
            lit = span_in_json(line, source.field.path, source.start, source.end)
            assert lit is not None
            own = at(json.loads(line), source.field.path)[source.start : source.end]
            assert json.loads(f'"{line[lit[0] : lit[1]]}"') == own


def test_texts_in_a_row() -> None:
    """Every text is found at any depth; what is no text, or empty, is not."""
    row = {"a": "x", "b": [{"c": "y", "d": 1}, ""], "e": None}

    assert list(texts_in(row)) == [(("a",), "x"), (("b", 0, "c"), "y")]


def test_marks_tell_equal_texts_apart() -> None:
    """Texts that are alike, or one within another, are told apart by where they were formatted."""
    row = {"one": "a", "two": "a a"}

    def formatted(values: dict[str, Any]) -> list[str]:
        return [f"a: {values['two']} / {values['one']}"]

    placed = by_marks(row, formatted(row), formatted)

    assert placed is not None
    assert [(item.at, item.length, item.field.path) for item in placed[0]] == [
        (3, 3, ("two",)),
        (9, 1, ("one",)),
    ]


def test_marks_see_through_stripping() -> None:
    """A text whose white space was taken off is still exact."""
    placed = by_marks({"t": "  x "}, ["[x]"], lambda row: [f"[{row['t'].strip()}]"])

    assert placed is not None
    assert (placed[0][0].at, placed[0][0].skipped) == (1, 2)


@pytest.mark.parametrize(
    "again",
    [
        lambda row: [row["t"].upper()],
        lambda _: ["other text"],
        lambda row: [row["t"], "more"],
        lambda row: [str(int(row["t"]))],
    ],
)
def test_marks_give_up_when_formatting_is_more(
    again: Callable[[dict[str, Any]], list[str]],
) -> None:
    """Where putting the texts back does not give the text, nothing is claimed."""
    assert by_marks({"t": "abc"}, ["ABC"], again) is None


def test_search_finds_words_only() -> None:
    """A text that is searched for is not found inside a longer word."""
    leaves = [Leaf(("tools", 0, "type"), "function")]

    placed = by_search(leaves, 'Your functions: {"type": "function"}')

    assert [item.at for item in placed] == [26]
    assert placed[0].field.inferred


def test_search_goes_on_after_what_it_found() -> None:
    """Texts are looked for in their order, each after the one before."""
    leaves = [Leaf((key,), "same") for key in ("a", "b")]

    assert [item.at for item in by_search(leaves, "same and same")] == [0, 9]


def test_search_looks_inside_what_is_not_whole() -> None:
    """Arguments that were written anew are found by their own texts, counted in the whole."""
    leaf = Leaf(("args",), '{"city": "Bergen"}', inside=(Leaf(("args",), "Bergen", skipped=10),))

    placed = by_search([leaf], '{"city":"Bergen"}')

    assert [(item.at, item.skipped) for item in placed] == [(9, 10)]


def test_first_field_keeps_a_token() -> None:
    """A token across two fields is the first one's; characters are counted from the field's."""
    offsets = np.array([[0, 3], [3, 7], [7, 9]])
    sources = SourceMap(3)

    sources.place(offsets, 0, 4, Field(("a",)))
    sources.place(offsets, 4, 5, Field(("b",)), skipped=10)

    assert sources.fields.tolist() == [0, 0, 1]
    assert sources.starts.tolist() == [0, 3, 13]
    assert sources.ends.tolist() == [3, 4, 15]


@pytest.mark.parametrize(
    ("path", "turn", "name"),
    [
        (("messages", 2, "content"), 2, "content"),
        (("messages", 2, "content", 1, "text"), 2, "content[1].text"),
        (("instruction",), None, "instruction"),
        (("choices", 0), 0, "choices[0]"),
    ],
)
def test_fields_are_named_within_their_turn(
    path: tuple[str | int, ...], turn: int | None, name: str
) -> None:
    """A field in a list of a column has a turn, and its name is what is left of the path."""
    field = field_of(path)

    assert (field.turn, field.name) == (turn, name)
