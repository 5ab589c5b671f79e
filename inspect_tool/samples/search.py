"""Dataset-wide search by token id and by text, over the mapped buffers, block by block.

Text is matched on bytes across token boundaries without building the text: a match starts inside
some token, goes through whole tokens, and ends inside one, so only the few places where it can
start are followed. Nothing is decoded and nothing copied but those places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.samples.pattern import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from inspect_tool.samples.kinds import SequenceColumns
    from inspect_tool.samples.pattern import Places
    from inspect_tool.samples.prepared import Block, PreparedDataset
    from inspect_tool.samples.vocabulary import Vocabulary

    Finder = Callable[[NDArray[np.integer[Any]]], Places]

CHUNK_TOKENS = 1 << 22
"""Tokens looked at between two answers, so that a search can be stopped and stays small."""


@dataclass(frozen=True, eq=False, slots=True)
class Matches:
    """What one stretch of a dataset gave: one entry per match, in order.

    ``rows`` int64[m]; ``tokens`` int64[m], the match's first token in its row, and ``lengths``
    int64[m], the tokens it touches (both 0 in a sequence stored as text, where a row is given
    once). ``searched`` counts the rows finished so far.
    """

    sequence: int
    rows: NDArray[np.int64]
    tokens: NDArray[np.int64]
    lengths: NDArray[np.int64]
    searched: int

    def __len__(self) -> int:
        return len(self.rows)


def parse_query(text: str) -> str | int:
    r"""Read what a person types: ``#123`` is a token id, anything else text (``\#1`` is "#1")."""
    if text.startswith("#") and text[1:].isascii() and text[1:].isdecimal():
        return int(text[1:])
    return text[1:] if text.startswith("\\#") else text


def ensure_searchable(
    dataset: PreparedDataset, vocabulary: Vocabulary | None, query: str | int
) -> None:
    """Raise InspectError where a search could find nothing, whatever the rows hold."""
    if query == "":
        raise InspectError("nothing to search for", fix="type a text, or #123 for a token id")
    tokenized = dataset.kind.tokenized
    if isinstance(query, str) and tokenized and vocabulary is None:
        raise InspectError(
            "text cannot be found without a tokenizer",
            fix="name one, or search for a token id such as #123",
        )
    if isinstance(query, int) and not tokenized:
        raise InspectError(
            "this dataset stores text, not token ids", fix="search for the text itself"
        )


def search(
    dataset: PreparedDataset,
    vocabulary: Vocabulary | None,
    query: str | int,
    *,
    ignore_case: bool = False,
) -> Iterator[Matches]:
    """Yield the matches of a text or a token id, stretch by stretch; stop by not going on.

    Raises InspectError for an empty query, for text in token rows without a vocabulary, and for
    a dataset that was overwritten meanwhile.
    """
    ensure_searchable(dataset, vocabulary, query)
    tokenized = dataset.kind.tokenized
    finder = _finder(vocabulary, query, ignore_case=ignore_case) if tokenized else None
    for block in dataset.blocks:
        for number, columns in enumerate(dataset.kind.sequences):
            if columns.ids and finder is not None:
                yield from _in_tokens(block, number, columns, finder)
            elif columns.text and isinstance(query, str):
                yield _in_text(block, number, columns.text, query, ignore_case=ignore_case)
        block.shard.release_pages()


def _finder(vocabulary: Vocabulary | None, query: str | int, *, ignore_case: bool) -> Finder:
    if isinstance(query, int):
        return lambda ids: _places_of_id(ids, query)
    assert vocabulary is not None
    return Pattern.of(vocabulary, query, ignore_case=ignore_case).places


def _places_of_id(ids: NDArray[np.integer[Any]], token_id: int) -> Places:
    info = np.iinfo(ids.dtype)
    if not info.min <= token_id <= info.max:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    places = np.flatnonzero(ids == token_id)
    return places, np.ones_like(places)


def _in_tokens(
    block: Block, number: int, columns: SequenceColumns, finder: Finder
) -> Iterator[Matches]:
    assert columns.ids is not None
    values, offsets = block.lists(columns.ids)
    for first, stop in _stretches(offsets):
        block.shard.ensure_unchanged()
        base = int(offsets[first])
        places, lengths = finder(values[base : offsets[stop]])
        places = places + base
        rows = np.searchsorted(offsets, places, side="right") - 1
        whole = places + lengths <= offsets[rows + 1]
        places, lengths, rows = places[whole], lengths[whole], rows[whole]
        yield Matches(
            sequence=number,
            rows=rows.astype(np.int64) + block.first,
            tokens=(places - offsets[rows]).astype(np.int64),
            lengths=lengths,
            searched=block.first + stop,
        )


def _stretches(offsets: NDArray[np.integer[Any]]) -> Iterator[tuple[int, int]]:
    """Yield row ranges of at most CHUNK_TOKENS tokens (one row, where a row is longer)."""
    first, rows = 0, len(offsets) - 1
    while first < rows:
        limit = int(offsets[first]) + CHUNK_TOKENS
        stop = int(np.searchsorted(offsets, limit, side="right")) - 1
        stop = min(max(stop, first + 1), rows)
        yield first, stop
        first = stop


def _in_text(block: Block, number: int, column: str, text: str, *, ignore_case: bool) -> Matches:
    import pyarrow.compute as pc

    block.column(column)  # raises where Arrow would end the process
    values: pa.Array = block.batch.column(column)
    found = pc.match_substring(values, text, ignore_case=ignore_case).fill_null(False)
    rows = np.flatnonzero(np.array(found.to_pylist(), dtype=np.bool_)).astype(np.int64)
    nothing = np.zeros(len(rows), dtype=np.int64)
    return Matches(number, rows + block.first, nothing, nothing, block.first + len(block))
