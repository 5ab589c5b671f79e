"""The first rows of one data file, copied: what axolotl is given of it in a small run.

Files keep their format. What would end axolotl without naming the file is refused here, by line.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.data_problems import line_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_ARRAY = 200_000_000
"""Bytes of a JSON array that is read as a whole to take its first items."""


@dataclass(frozen=True)
class Cut:
    """One file of data, and the copy of its first ``rows`` rows."""

    source: Path
    target: Path
    kind: str
    """How `datasets` reads it: json, csv, text, parquet or arrow."""
    rows: int


def cut(part: Cut) -> int:
    """Write one slice and return how many rows it has; raises InspectError naming the file."""
    try:
        part.target.parent.mkdir(parents=True, exist_ok=True)
        if part.kind in {"parquet", "arrow"}:
            return _cut_table(part)
        if part.source.suffix in {".gz", ".bz2", ".xz", ".zst", ".zip"}:
            raise InspectError("compressed, so it cannot be sliced", place=part.source)
        if part.kind == "json" and _starts_with_bracket(part.source):
            return _cut_array(part)
        return _cut_json(part) if part.kind == "json" else _cut_lines(part)
    except OSError as error:
        place = error.filename or part.source
        raise InspectError(f"cannot be sliced ({error.strerror or error})", place=place) from None


def _cut_lines(part: Cut) -> int:
    header = 1 if part.kind == "csv" else 0
    count = 0
    with part.source.open("rb") as source, part.target.open("wb") as target:
        for line in islice(_records(source, quoted=part.kind == "csv"), part.rows + header):
            target.write(line)
            count += 1
    return max(0, count - header)


def _cut_json(part: Cut) -> int:
    """Copy the first objects of JSON lines; blank lines are no rows, and null crashes pyarrow."""
    count = 0
    with part.source.open("rb") as source, part.target.open("wb") as target:
        for number, line in enumerate(source, 1):
            if count == part.rows:
                break
            if line.strip():
                problem = line_problem(line, place=f"{part.source}:{number}")
                if problem is not None:
                    raise problem
                target.write(line)
                count += 1
    return count


def _records(lines: Iterator[bytes], *, quoted: bool) -> Iterator[bytes]:
    """Yield records: lines, of a CSV as many as an open quotation mark joins."""
    pending = b""
    for line in lines:
        pending += line
        if quoted and pending.count(b'"') % 2:
            continue
        yield pending
        pending = b""
    if pending:
        yield pending


def _starts_with_bracket(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["


def _cut_array(part: Cut) -> int:
    if part.source.stat().st_size > LARGEST_ARRAY:
        raise InspectError(
            "a JSON array too large to slice", place=part.source, fix="make it JSON lines"
        )
    try:
        items = json.loads(part.source.read_text("utf-8-sig"))
    except ValueError as error:
        raise InspectError(f"not valid JSON ({error})", place=part.source) from None
    wrong = next((at for at, item in enumerate(items) if not isinstance(item, dict)), None)
    if wrong is not None:
        raise InspectError(
            f"item {wrong} is no object", place=part.source, fix="make each item an object"
        )
    part.target.write_text(json.dumps(items[: part.rows], ensure_ascii=False), "utf-8")
    return min(len(items), part.rows)


def _cut_table(part: Cut) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = _parquet(pq, part) if part.kind == "parquet" else _arrow(pa, part)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        said = str(error).splitlines()[0]
        raise InspectError(f"cannot be read ({said})", place=part.source) from None
    if part.kind == "parquet":
        pq.write_table(table, part.target)
    else:
        with (
            pa.OSFile(os.fspath(part.target), "wb") as sink,
            pa.ipc.new_stream(sink, table.schema) as writer,
        ):
            writer.write_table(table)
    return int(table.num_rows)


def _parquet(pq: Any, part: Cut) -> Any:
    import pyarrow as pa

    with pq.ParquetFile(part.source) as file:
        batches = list(islice(file.iter_batches(batch_size=part.rows), 2))
        return pa.Table.from_batches(batches, schema=file.schema_arrow).slice(0, part.rows)


def _arrow(pa: Any, part: Cut) -> Any:
    with pa.memory_map(os.fspath(part.source)) as source:
        try:
            batches = iter(pa.ipc.open_stream(source))
            found, rows = [], 0
            for batch in batches:
                found.append(batch)
                rows += batch.num_rows
                if rows >= part.rows:
                    break
            return pa.Table.from_batches(found).slice(0, part.rows)
        except pa.ArrowInvalid:
            return pa.ipc.open_file(source).read_all().slice(0, part.rows)
