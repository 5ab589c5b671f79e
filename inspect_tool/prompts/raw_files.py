"""Where a raw row stands: its file and line, found by counting rows and checked by their number.

JSON lines, JSON arrays, CSV and plain text have lines; Parquet and Arrow have none, and what was
sliced, sharded or compressed is looked for by content.
"""

from __future__ import annotations

import csv
import json
import mmap
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.prompts.digests import without_nulls
from inspect_tool.prompts.explained import RawPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

LARGEST_ARRAY = 500_000_000
"""Bytes of a JSON array that is still read as a whole to count its lines."""
_NO_LINES: NDArray[np.int64] = np.empty(0, dtype=np.int64)


class RawFiles:
    """The files of one dataset, in the order in which they are read."""

    def __init__(self, files: Sequence[str]) -> None:
        self.files = [RawFile(Path(file)) for file in files]

    def place_of(
        self, row: int, rows: int, value: Callable[[], Mapping[str, Any]] | None = None
    ) -> RawPlace:
        """Return the place of row ``row`` of a dataset of ``rows`` rows.

        ``value`` gives the row itself, with which it is looked for where counting does not tell.
        """
        if sum(len(file.lines) for file in self.files) == rows:
            for file in self.files:
                if row < len(file.lines):
                    return RawPlace(str(file.path), int(file.lines[row]))
                row -= len(file.lines)
        elif value is not None:
            wanted = without_nulls(dict(value()))
            for file in self.files:
                line = file.find(wanted, first=row)
                if line is not None:
                    return RawPlace(str(file.path), line)
        return RawPlace(str(self.files[0].path)) if len(self.files) == 1 else RawPlace()


@dataclass
class RawFile:
    """One raw file; ``lines`` int64[rows] are the 1-based lines on which its rows begin."""

    path: Path
    _ends: list[int] = field(default_factory=list, repr=False)

    @cached_property
    def lines(self) -> NDArray[np.int64]:
        """Empty where the format has no lines or the file cannot be read."""
        try:
            match self.path.suffix.lower():
                case ".csv":
                    return self._csv_lines()
                case ".txt":
                    return np.arange(1, len(self.starts))
                case ".parquet" | ".arrow" | ".gz" | ".zst" | ".xz" | ".bz2" | ".zip":
                    return _NO_LINES
                case _:
                    return self._json_lines()
        except (OSError, ValueError, UnicodeDecodeError):
            return _NO_LINES

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Byte offsets at which lines begin, and the file's size last; int64[lines + 1]."""
        size = self.path.stat().st_size
        if not size:
            return np.zeros(1, dtype=np.int64)
        with (
            self.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as m,
        ):
            data = np.frombuffer(m, dtype=np.uint8)
            breaks = [
                np.flatnonzero(data[start : start + (1 << 26)] == ord("\n")) + start + 1
                for start in range(0, size, 1 << 26)
            ]
            del data
        starts = np.concatenate([[0], *breaks])
        return starts if starts[-1] == size else np.append(starts, size)

    def line_text(self, line: int) -> str:
        """Return line ``line`` (1-based) without its end."""
        start, stop = self.starts[line - 1], self.starts[line]
        with self.path.open("rb") as file:
            file.seek(int(start))
            return file.read(int(stop - start)).decode("utf-8", "replace").rstrip("\r\n")

    def find(self, wanted: dict[str, Any], *, first: int = 0) -> int | None:
        """Return the line that holds ``wanted``, which has no nulls; ``first`` is looked at first.

        Only JSON lines can be looked through.
        """
        try:
            count = len(self.starts) - 1
            for line in dict.fromkeys([min(first + 1, count), *range(1, count + 1)]):
                text = self.line_text(line)
                if text.startswith("{") and without_nulls(json.loads(text)) == wanted:
                    return int(line)
        except (OSError, ValueError):
            return None
        return None

    def _json_lines(self) -> NDArray[np.int64]:
        with self.path.open("rb") as file:
            head = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
        if head.startswith(b"["):
            return self._array_lines()
        if len(self.starts) < 2:
            return _NO_LINES
        begins = self._first_bytes() == ord("{")
        others = (np.flatnonzero(~begins) + 1).tolist()
        held = [line for line in others if self.line_text(line).strip()]
        return np.sort(np.append(np.flatnonzero(begins) + 1, held)).astype(np.int64)

    def _first_bytes(self) -> NDArray[np.uint8]:
        with self._mapped() as mapped:
            return np.frombuffer(mapped, dtype=np.uint8)[self.starts[:-1]]

    @contextmanager
    def _mapped(self) -> Iterator[mmap.mmap]:
        with (
            self.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        ):
            yield mapped

    def _array_lines(self) -> NDArray[np.int64]:
        if self.path.stat().st_size > LARGEST_ARRAY:
            return _NO_LINES
        text = self.path.read_text("utf-8-sig")
        decoder, lines = json.JSONDecoder(), []
        position, line, counted = _skip(text, text.index("[") + 1), 1, 0
        while position < len(text) and text[position] != "]":
            line += text.count("\n", counted, position)
            counted = position
            lines.append(line)
            _, position = decoder.raw_decode(text, position)
            position = _skip(text, position)
            if position < len(text) and text[position] == ",":
                position = _skip(text, position + 1)
        return np.array(lines, dtype=np.int64)

    def _csv_lines(self) -> NDArray[np.int64]:
        lines, before = [], 0
        with self.path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for values in reader:
                if values:
                    lines.append(before + 1)
                before = reader.line_num
        return np.array(lines[1:], dtype=np.int64)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
