"""A prepared dataset on disk: shards memory-mapped, rows by index, nothing copied.

Axolotl writes the layout of ``datasets.Dataset.save_to_disk``: Arrow streams, ``state.json`` and
``dataset_info.json`` (the last two written at the very end). What is damaged costs itself only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from inspect_tool.errors import InspectError
from inspect_tool.samples.kinds import Kind, SequenceColumns, is_text, kind_of, misfits
from inspect_tool.samples.sample import Sample, TokenSequence
from inspect_tool.samples.shard import Damage, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

STATE = "state.json"
INFO = "dataset_info.json"
NAMED_DAMAGES = 3
"""Damages that the error about a folder names, of which nothing can be read."""

_NO_TOKENS: NDArray[np.integer[Any]] = np.empty(0, dtype=np.int64)


def is_prepared(folder: Path) -> bool:
    """Tell whether ``folder`` holds a prepared dataset, whole or not."""
    try:
        return (folder / STATE).is_file() or any(folder.glob("data-*.arrow"))
    except OSError:
        return False


def is_complete(folder: Path) -> bool:
    """Tell whether the writer finished: state.json and dataset_info.json are written last."""
    return (folder / STATE).is_file() and (folder / INFO).is_file()


@dataclass(frozen=True)
class Block:
    """One record batch of a dataset: ``first`` is the row number of its first row."""

    first: int
    batch: pa.RecordBatch
    shard: Shard
    _lists: dict[str, tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    _columns: dict[str, pa.Array] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def lists(self, column: str) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
        """Return ``(values, offsets)`` of a list column, both views of the mapped file.

        Row ``i`` of the block is ``values[offsets[i]:offsets[i + 1]]``; offsets int[len + 1].
        Raises InspectError if the file's own offsets are impossible or values hold nulls.
        """
        self.shard.ensure_unchanged()
        if column not in self._lists:
            self._lists[column] = self._view(column)
        return self._lists[column]

    def column(self, name: str) -> pa.Array:
        """Return a column in which every row can be read; text comes as binary, undecoded.

        Arrow ends the process over impossible offsets, so they are looked at first, once a block.
        Raises InspectError if they are.
        """
        self.shard.ensure_unchanged()
        if name not in self._columns:
            array = self.batch.column(name)
            if is_text(array.type):
                large = pa.types.is_large_string(array.type)
                array = array.view(pa.large_binary() if large else pa.binary())
            try:
                array.validate(full=True)
            except (pa.ArrowException, ValueError) as error:
                raise self._error(name, f"is damaged ({_first_line(error)})") from error
            self._columns[name] = array
        return self._columns[name]

    def _view(self, column: str) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
        array = self.batch.column(column)
        values = array.values
        if values.null_count or array.null_count:
            raise self._error(column, "holds nulls")
        numbers, offsets = _as_numpy(values), _as_numpy(array.offsets)
        falls = bool((offsets[1:] < offsets[:-1]).any())
        if falls or offsets[0] < 0 or offsets[-1] > len(numbers):
            raise self._error(column, "has impossible list offsets; the file is damaged")
        return numbers, offsets

    def _error(self, column: str, message: str) -> InspectError:
        rows = f"rows {self.first} to {self.first + len(self) - 1}"
        return InspectError(
            f"column {column!r} {message}",
            place=f"{self.shard.path}, {rows}",
            fix="run axolotl preprocess again",
        )


class PreparedDataset:
    """A prepared folder, opened: its kind, its rows, and what of it is damaged.

    Opening reads the metadata of every record batch and no row. ``damages`` names what could not
    be read; rows are numbered over the intact ones. Raises InspectError when nothing can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damages: list[Damage] = []
        self.shards = [Shard(file) for file in self._files()]
        self.damages += [shard.damage for shard in self.shards if shard.damage]
        schemas = [shard.schema for shard in self.shards if shard.schema is not None]
        if not schemas:
            raise self._unreadable()
        self.schema: pa.Schema = schemas[0]
        self.kind: Kind = kind_of(self.schema)
        self.damages += [Damage(path, misfit) for misfit in misfits(self.schema)]
        self.blocks: list[Block] = []
        self._collect()
        self._starts = np.array([block.first for block in self.blocks], dtype=np.int64)
        self.num_rows = sum(len(block) for block in self.blocks)

    @classmethod
    def open(cls, path: Path) -> PreparedDataset:
        """Open a prepared folder or a single .arrow file."""
        return cls(path)

    def __len__(self) -> int:
        return self.num_rows

    @property
    def complete(self) -> bool:
        """Whether the writer finished this folder."""
        return not self.path.is_dir() or is_complete(self.path)

    @cached_property
    def file_bytes(self) -> int:
        """Return the size of all shards on disk, bytes."""
        return sum(shard.path.stat().st_size for shard in self.shards if shard.path.exists())

    def block_of(self, row: int) -> tuple[Block, int]:
        """Return the block of a row and the row's index within it; IndexError out of range."""
        if not 0 <= row < self.num_rows:
            raise IndexError(row)
        block = self.blocks[int(np.searchsorted(self._starts, row, side="right")) - 1]
        return block, row - block.first

    def sample(self, row: int) -> Sample:
        """Return one row as a sample; IndexError out of range, InspectError if it is damaged."""
        block, index = self.block_of(row)
        sequences = tuple(self._sequence(block, index, columns) for columns in self.kind.sequences)
        values = {name: self._value(block, index, name) for name in self.kind.plain}
        return Sample(row=row, kind=self.kind.name, sequences=sequences, columns=values)

    def samples(self) -> Iterator[Sample]:
        """Yield every intact row in order."""
        return (self.sample(row) for row in range(self.num_rows))

    def close(self) -> None:
        """Close every shard."""
        self.blocks = []
        for shard in self.shards:
            shard.close()

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        try:
            found = sorted(self.path.glob("*.arrow"))
            listed = self._listed() if found or (self.path / STATE).exists() else []
        except OSError as error:
            raise InspectError(error.strerror or str(error), place=self.path) from error
        missing = [file for file in listed if not file.exists()]
        self.damages += [Damage(file, "listed in state.json but not there") for file in missing]
        return [file for file in listed if file not in missing] if listed else found

    def _listed(self) -> list[Path]:
        """Return the shards that state.json names, and note what is wrong with that file."""
        state = self.path / STATE
        if not state.exists():
            message = "not there: the dataset is still being written, or its writer was killed"
            self.damages.append(Damage(state, message))
            return []
        try:
            names = [
                entry["filename"] for entry in json.loads(state.read_text("utf-8"))["_data_files"]
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = str(error) if isinstance(error, OSError | ValueError) else "it lists no files"
            said = f"not what datasets writes ({reason}); every *.arrow file is read instead"
            self.damages.append(Damage(state, said))
            return []
        plain = [name for name in names if _is_plain_name(name)]
        self.damages += [
            Damage(state, f"names a file outside its folder, left out: {name!r}")
            for name in names
            if name not in plain
        ]
        return [self.path / name for name in plain]

    def _collect(self) -> None:
        first = 0
        for shard in self.shards:
            if shard.schema is not None and not shard.schema.equals(self.schema):
                self.damages.append(Damage(shard.path, "its columns differ from the first shard's"))
                continue
            for batch in shard.batches:
                self.blocks.append(Block(first=first, batch=batch, shard=shard))
                first += batch.num_rows

    def _unreadable(self) -> InspectError:
        if self.damages:
            named, more = self.damages[:NAMED_DAMAGES], len(self.damages) - NAMED_DAMAGES
            return InspectError(
                "; ".join(map(str, named)) + (f"; and {more:,} more" if more > 0 else ""),
                fix="run axolotl preprocess again",
            )
        return InspectError(
            "no prepared dataset there (no *.arrow files)",
            place=self.path,
            fix="name a folder that axolotl preprocess wrote, or the YAML it belongs to",
        )

    def _sequence(self, block: Block, index: int, columns: SequenceColumns) -> TokenSequence:
        if columns.text:
            text = self._value(block, index, columns.text)
            return TokenSequence(name=columns.name, ids=_NO_TOKENS, stored_text=text or "")
        sequence = TokenSequence(
            name=columns.name,
            ids=self._numbers(block, index, columns.ids) if columns.ids else _NO_TOKENS,
            labels=self._numbers(block, index, columns.labels) if columns.labels else None,
            attention=self._numbers(block, index, columns.attention) if columns.attention else None,
            positions=self._numbers(block, index, columns.positions) if columns.positions else None,
        )
        for role in ("labels", "attention", "positions"):
            array = getattr(sequence, role)
            if array is not None and len(array) != len(sequence):
                raise InspectError(
                    f"{role} has {len(array)} entries for {len(sequence)} tokens",
                    place=f"{block.shard.path}, row {block.first + index}",
                    fix="run axolotl preprocess again",
                )
        return sequence

    def _numbers(self, block: Block, index: int, column: str) -> NDArray[np.integer[Any]]:
        values, offsets = block.lists(column)
        return values[offsets[index] : offsets[index + 1]]

    def _value(self, block: Block, index: int, column: str) -> Any:
        array = block.column(column)
        try:
            value = array[index].as_py()
        except (pa.ArrowException, ValueError) as error:
            raise InspectError(
                f"column {column!r} cannot be read ({_first_line(error)})",
                place=f"{block.shard.path}, row {block.first + index}",
            ) from error
        stored_text = is_text(block.batch.schema.field(column).type)
        return value.decode("utf-8", "replace") if stored_text and value is not None else value


def _is_plain_name(name: Any) -> bool:
    """Tell whether a name in state.json is a file of the same folder and no path."""
    is_name = isinstance(name, str) and Path(name).name == name
    return is_name and name not in {"", ".."} and "\0" not in name


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _as_numpy(array: pa.Array) -> NDArray[np.integer[Any]]:
    """View the values of a primitive array without nulls; booleans are unpacked into a copy.

    Reads the buffer itself: ``Array.to_numpy`` looks for pandas first, which is slow to import.
    """
    data = array.buffers()[1]
    start, count = array.offset, len(array)
    if data is None:
        return np.empty(0, dtype=np.int64)
    if pa.types.is_boolean(array.type):
        bits = np.frombuffer(data, dtype=np.uint8)
        return np.unpackbits(bits, count=start + count, bitorder="little")[start:]
    dtype = np.dtype(str(array.type).replace("double", "float64"))
    return np.frombuffer(data, dtype=dtype, count=count, offset=start * dtype.itemsize)
