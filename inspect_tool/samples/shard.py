"""One Arrow file of a prepared dataset, mapped into memory and read as far as it is intact."""

from __future__ import annotations

import mmap
import os
import stat
import weakref
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_FILE_MAGIC = b"ARROW1"
_POPULATE_READ = 22
"""MADV_POPULATE_READ of Linux 5.14 and later; elsewhere no such advice, and refused."""

BATCHES_BETWEEN_RELEASES = 64
"""Looking at a batch's metadata makes the system map pages around it; of a large file, most."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What of a dataset cannot be read: the file, the byte offset where it ends being good."""

    path: Path
    message: str
    offset: int | None = None

    def __str__(self) -> str:
        at = "" if self.offset is None else f" at byte {self.offset:,}"
        return f"{self.path}{at}: {self.message}"


class Shard:
    """A memory-mapped Arrow stream (or file): its schema and record batches, none of them copied.

    Reading stops at the first batch that is not whole; ``damage`` then says where and why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: Damage | None = None
        self.schema: pa.Schema | None = None
        self.batches: list[pa.RecordBatch] = []
        self._map: mmap.mmap | None = None
        self._file = -1
        self._closing: weakref.finalize[..., Shard] | None = None
        self._size = self._modified = self._address = 0
        try:
            # Without O_NONBLOCK a named pipe by a shard's name would be waited for.
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self._closing = weakref.finalize(self, os.close, self._file)
            state = os.fstat(self._file)
            if not stat.S_ISREG(state.st_mode):
                self.damage = Damage(path, "not a file")
                return
            self._size, self._modified = state.st_size, state.st_mtime_ns
            if self._size:
                self._map = mmap.mmap(self._file, self._size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            self.damage = Damage(path, getattr(error, "strerror", None) or str(error))
            return
        if self._map is None:
            self.damage = Damage(path, "the file is empty", 0)
            return
        self._read(self._map)

    @property
    def num_rows(self) -> int:
        """Return the number of intact rows."""
        return sum(batch.num_rows for batch in self.batches)

    def ensure_unchanged(self) -> None:
        """Raise InspectError if the file is no longer the one that was mapped.

        Pages of a file that shrank are gone; one that was whole and was written to holds other
        rows. A file that was still being written when it was mapped may grow.
        """
        now = os.fstat(self._file)
        written = self.damage is None and now.st_mtime_ns != self._modified
        if written or now.st_size < self._size:
            raise InspectError(
                "the file was overwritten while it was open", place=self.path, fix="open it again"
            )

    def release_pages(self) -> None:
        """Give the pages read so far back to the system; they are read again when needed."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def expect(self, array: NDArray[Any]) -> None:
        """Have the system map the pages of an array at once, before they are read one by one.

        Saves a page fault every 64 KiB, most of what a pass costs. An array that is no view of
        the file, and a system that cannot, are left alone.
        """
        start = array.__array_interface__["data"][0] - self._address
        if self._map is None or not array.nbytes or not 0 <= start < self._size:
            return
        first = start - start % mmap.PAGESIZE
        with suppress(OSError):
            self._map.madvise(_POPULATE_READ, first, start + array.nbytes - first)

    def close(self) -> None:
        """Forget the batches and close the file; arrays taken from it keep the mapping alive."""
        self.batches = []
        if self._closing is not None:
            self._closing()
            self._file = -1

    def _read(self, mapped: mmap.mmap) -> None:
        buffer = pa.py_buffer(mapped)
        self._address = buffer.address
        source = pa.BufferReader(buffer)
        is_file = mapped[: len(_FILE_MAGIC)] == _FILE_MAGIC
        try:
            if is_file:
                reader = pa.ipc.open_file(source)
                self.schema = _readable(reader.schema)
                for number in range(reader.num_record_batches):
                    self._add(reader.get_batch(number))
                return
            stream = pa.ipc.open_stream(source)
            self.schema = _readable(stream.schema)
            good = source.tell()
            while (batch := _next(stream)) is not None:
                self._add(batch)
                good = source.tell()
                if len(self.batches) % BATCHES_BETWEEN_RELEASES == 0:
                    self.release_pages()
            if good >= self._size:
                self.damage = Damage(self.path, "the file ends without its end mark", good)
        except (pa.ArrowException, OSError, ValueError) as error:
            offset = 0 if self.schema is None or is_file else good
            self.damage = Damage(self.path, _reason(error, self.num_rows), offset)

    def _add(self, batch: pa.RecordBatch) -> None:
        batch.validate()
        self.batches.append(batch)


def _readable(schema: pa.Schema) -> pa.Schema:
    """Return ``schema`` if its names are text; raises UnicodeDecodeError."""
    assert all(name is not None for name in schema.names)
    return schema


def _next(stream: pa.RecordBatchStreamReader) -> pa.RecordBatch | None:
    try:
        return stream.read_next_batch()
    except StopIteration:
        return None


def _reason(error: Exception, intact: int) -> str:
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    rows = f"{intact:,} rows before it are intact" if intact else "no row of it can be read"
    return f"damaged or cut short ({first_line}); {rows}"
