"""Search: what it finds is what looking through the decoded bytes by hand finds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tool.errors import InspectError
from inspect_tool.samples import search as search_module
from inspect_tool.samples.pattern import Pattern
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.search import parse_query, search
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import save

if TYPE_CHECKING:
    from pathlib import Path

PIECES = ["<s>", "▁", "a", "b", "ab", "ba", "aba", "▁a", "B", "<0xC3>", "<0xA9>", "é", "x"]
"""A vocabulary small enough that a random text has several tokenisations of every needle."""


def small_vocabulary() -> Vocabulary:
    """Return a SentencePiece-like vocabulary of PIECES."""
    spec = {
        "model": {
            "type": "BPE",
            "byte_fallback": True,
            "vocab": {p: i for i, p in enumerate(PIECES)},
        },
        "added_tokens": [{"id": 0, "content": "<s>", "special": True}],
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
            ],
        },
    }
    return Vocabulary.from_json(json.dumps(spec), name="small")


def write(folder: Path, columns: dict[str, Any], *, batch_rows: int = 1000) -> PreparedDataset:
    """Write rows in axolotl's layout and open them."""
    return PreparedDataset.open(save(folder, pa.table(columns), batch_rows=batch_rows))


def token_rows(rows: list[list[int]]) -> dict[str, Any]:
    """Return the columns of a supervised dataset with these ids, all trained."""
    return {
        "input_ids": pa.array(rows, pa.list_(pa.int32())),
        "labels": pa.array(rows, pa.list_(pa.int64())),
    }


def by_hand(vocabulary: Vocabulary, rows: list[list[int]], needle: bytes) -> list[tuple[int, int]]:
    """Return (row, first token) of every match, by looking at each byte of each row."""
    found = set()
    for number, ids in enumerate(rows):
        parts = [vocabulary.bytes_of(token_id) for token_id in ids]
        owners = [index for index, part in enumerate(parts) for _ in part]
        data = b"".join(parts)
        for start in range(len(data) - len(needle) + 1):
            if data[start : start + len(needle)] == needle:
                found.add((number, owners[start]))
    return sorted(found)


def places(
    dataset: PreparedDataset, vocabulary: Vocabulary | None, query: str | int, **how: Any
) -> list[tuple[int, int]]:
    """Return (row, first token) of every match that `search` yields."""
    return [
        (int(row), int(token))
        for matches in search(dataset, vocabulary, query, **how)
        for row, token in zip(matches.rows, matches.tokens, strict=True)
    ]


@settings(max_examples=300, deadline=None)
@given(
    ids=st.lists(st.integers(1, len(PIECES) - 1), max_size=40),
    needle=st.text(alphabet="ab éx", min_size=1, max_size=6),
)
def test_pattern_finds_every_first_token_of_a_match(ids: list[int], needle: str) -> None:
    """Every token in which a match begins is found, whatever tokens the match goes through."""
    import numpy as np

    vocabulary = small_vocabulary()

    firsts, _ = Pattern.of(vocabulary, needle).places(np.array(ids, dtype=np.int32))

    wanted = [token for _, token in by_hand(vocabulary, [ids], needle.encode())]
    assert firsts.tolist() == wanted


def test_match_crosses_token_boundaries(tmp_path: Path) -> None:
    """A text split over three tokens is one match, at its first token, three tokens long."""
    dataset = write(tmp_path / "d", token_rows([[0, 3, 2, 3, 12]]))

    (matches,) = search(dataset, small_vocabulary(), "bab")

    assert (matches.tokens.tolist(), matches.lengths.tolist()) == ([1], [3])


def test_match_never_crosses_rows(tmp_path: Path) -> None:
    """The end of one row and the start of the next are no text."""
    dataset = write(tmp_path / "d", token_rows([[2], [3], [4]]))

    assert places(dataset, small_vocabulary(), "ab") == [(2, 0)]


def test_split_character_is_found(tmp_path: Path) -> None:
    """A character stored as two byte tokens matches the character itself."""
    dataset = write(tmp_path / "d", token_rows([[2, 9, 10], [11]]))

    assert places(dataset, small_vocabulary(), "é") == [(0, 1), (1, 0)]


def test_rows_are_numbered_over_all_blocks_and_stretches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row numbers are the dataset's, also when a block is searched in several stretches."""
    monkeypatch.setattr(search_module, "CHUNK_TOKENS", 3)
    dataset = write(
        tmp_path / "d", token_rows([[12]] * 3 + [[2, 12, 12, 12]] + [[], [12]]), batch_rows=4
    )

    found = places(dataset, small_vocabulary(), 2)

    assert found == [(3, 0)]


def test_progress_reaches_the_last_row(tmp_path: Path) -> None:
    """The last answer says that every row was searched."""
    dataset = write(tmp_path / "d", token_rows([[2], [3], [4]]), batch_rows=1)

    *_, last = search(dataset, small_vocabulary(), "zz")

    assert last.searched == 3


def test_ids_outside_the_vocabulary_match_nothing(tmp_path: Path) -> None:
    """Unknown and negative ids are passed over by text, and found by number."""
    dataset = write(tmp_path / "d", token_rows([[-1, 2, 99, 3]]))

    found = places(dataset, small_vocabulary(), "ab"), places(dataset, None, 99)

    assert found == ([], [(0, 2)])


def test_id_too_large_for_the_column_is_not_there(tmp_path: Path) -> None:
    """An id that int32 cannot hold is no match and no error."""
    dataset = write(tmp_path / "d", token_rows([[1]]))

    assert places(dataset, None, 1 << 40) == []


def test_ignoring_case(tmp_path: Path) -> None:
    """`AB` is found in `aB` only when case is ignored."""
    dataset = write(tmp_path / "d", token_rows([[2, 8]]))

    exact, folded = (
        places(dataset, small_vocabulary(), "AB", ignore_case=on) for on in (False, True)
    )

    assert (exact, folded) == ([], [(0, 0)])


def test_both_sides_of_a_pair_are_searched(tmp_path: Path) -> None:
    """In a reward dataset the answer says in which sequence the match is."""
    ids = pa.list_(pa.int64())
    rows = {"chosen_ids": pa.array([[2]], ids), "rejected_ids": pa.array([[3]], ids)}
    dataset = write(tmp_path / "d", rows)

    found = [m.sequence for m in search(dataset, small_vocabulary(), "b") if len(m)]

    assert found == [1]


def test_stored_text_is_searched_as_text(tmp_path: Path) -> None:
    """A preference dataset, stored as text, gives each row that holds the text."""
    rows = {"prompt": ["one", "two"], "chosen": ["x", None], "rejected": ["y", "On[e]"]}
    dataset = write(tmp_path / "d", rows)

    found = places(dataset, None, "on", ignore_case=True)

    assert found == [(0, 0), (1, 0)]


@pytest.mark.parametrize("query", ["", "text"])
def test_what_cannot_be_searched_says_why(tmp_path: Path, query: str) -> None:
    """No query, and text without a tokenizer, are errors with a way out."""
    dataset = write(tmp_path / "d", token_rows([[1]]))

    with pytest.raises(InspectError) as caught:
        list(search(dataset, None, query))

    assert caught.value.fix


@pytest.mark.parametrize(
    ("typed", "meant"), [("#12", 12), ("#", "#"), ("#1a", "#1a"), ("\\#12", "#12"), ("a", "a")]
)
def test_query_syntax(typed: str, meant: str | int) -> None:
    """`#123` is a token id; a backslash before it makes it text."""
    assert parse_query(typed) == meant
