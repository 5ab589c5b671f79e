"""What a row is, byte for byte: for telling copies, and for knowing a row again in a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.samples.prepared import PreparedDataset


def row_content(dataset: PreparedDataset, row: int) -> bytes:
    """Return the content of a row, the same for equal rows of any dataset of its kind.

    Ids and labels, whatever integer types they are stored in; the values of all columns where
    rows hold no tokens; for a row that cannot be read, its number.
    """
    try:
        if dataset.kind.tokenized:
            return b"".join(_tokens(dataset, row))
        sample = dataset.sample(row)
        texts = [sequence.stored_text for sequence in sample.sequences]
        return repr((texts, sample.columns)).encode("utf-8", "surrogatepass")
    except InspectError:
        return f"unreadable {row}".encode()


def _tokens(dataset: PreparedDataset, row: int) -> Iterator[bytes]:
    block, index = dataset.block_of(row)
    for columns in dataset.kind.sequences:
        for name in (columns.ids, columns.labels):
            if name is not None:
                numbers, offsets = block.lists(name)
                own = numbers[offsets[index] : offsets[index + 1]].astype(np.int64)
                yield len(own).to_bytes(8, "little")
                yield own.tobytes()
