"""The data file that ends axolotl without its name: not there, empty, or a line that is no object.

Looked for once axolotl has failed. A row of null ends its whole process, so the worker is not
where this is found.
"""

from __future__ import annotations

import codecs
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inspect_tool.axolotl_worker import WorkerError
from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = (".jsonl", ".json", ".ndjson")
OTHERS = (".csv", ".txt", ".parquet", ".arrow")
"""Endings of data files that are not looked into."""
PATH_FIX = "the path of a dataset starts from there"
FIX = "mend that line; one JSON object a line"


@contextmanager
def data_problems_named(config: Path, cwd: Path) -> Iterator[None]:
    """Raise the data's problem instead of the worker's death."""
    try:
        yield
    except WorkerError:
        problem = data_problem(config, cwd)
        if problem is None:
            raise
        raise problem from None


def data_problem(config: Path, cwd: Path) -> InspectError | None:
    """Return what is wrong with the first data file of a config that cannot be read."""
    written = Config.read(config)
    named = [file for entry in (*written.datasets, *written.test_datasets) for file in entry.files]
    for name in dict.fromkeys(named):
        file = cwd / name
        if file.suffix in (*SUFFIXES, *OTHERS) and not file.exists():
            return InspectError(f"there is no {name} in {cwd}", place=config, fix=PATH_FIX)
        if file.suffix in SUFFIXES and file.is_file():
            problem = _problem(file)
            if problem is not None:
                return problem
    return None


def _problem(file: Path) -> InspectError | None:
    try:
        with file.open("rb") as lines:
            return _problem_of_lines(file, lines)
    except OSError as error:
        return InspectError(f"cannot be read ({error.strerror or error})", place=file)


def _problem_of_lines(file: Path, lines: Iterator[bytes]) -> InspectError | None:
    empty = True
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix(codecs.BOM_UTF8)
        if not text:
            continue
        if empty and text.startswith(b"["):
            return None
        empty = False
        problem = line_problem(line, place=f"{file}:{number}")
        if problem is not None:
            return problem
    return (
        InspectError("has no row", place=file, fix="write one JSON object a line")
        if empty
        else None
    )


def line_problem(line: bytes, *, place: str) -> InspectError | None:
    """Return what is wrong with a line of JSON lines that is no object, as ``place`` names it."""
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return InspectError(f"not valid JSON ({error})", place=place, fix=FIX)
    if isinstance(row, dict):
        return None
    return InspectError(f"a row that is no object but {json.dumps(row)[:40]}", place=place, fix=FIX)
