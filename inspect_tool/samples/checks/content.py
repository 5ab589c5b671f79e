"""What a row is, byte for byte: for telling copies, and for knowing a row again in a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from inspect_tool.samples.prepared import PreparedDataset


def row_content(dataset: PreparedDataset, row: int) -> bytes:
    """Return the content of a row, the same for equal rows of any dataset of its kind.

    Ids and labels, whatever integer types they are stored in; the values of all columns where
    rows hold no tokens; for a row that cannot be read, its number.
    """
    block, index = dataset.block_of(row)
    kind = dataset.kind
    try:
        if not kind.tokenized:
            values = [block.batch.column(name)[index].as_py() for name in dataset.schema.names]
            return repr(values).encode("utf-8", "surrogatepass")
        parts: list[bytes] = []
        for columns in kind.sequences:
            for name in (columns.ids, columns.labels):
                if name is None:
                    continue
                numbers, offsets = block.lists(name)
                own = numbers[offsets[index] : offsets[index + 1]].astype(np.int64)
                parts += [len(own).to_bytes(8, "little"), own.tobytes()]
        return b"".join(parts)
    except (InspectError, ValueError):
        return f"unreadable {row}".encode()
