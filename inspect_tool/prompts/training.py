"""A config's raw rows as axolotl renders them, and why of each token: asked of the worker.

``TrainingRows`` is what the command line, the app, the report and the diff use; nothing of it
imports axolotl. Rows are numbered per dataset as `datasets` reads them.
"""

from __future__ import annotations

import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.data_problems import data_problems_named
from inspect_tool.prompts.raw_files import RawFiles
from inspect_tool.prompts.strategies.sessions import Request
from inspect_tool.prompts.strategies.tasks import (
    Chunk,
    Found,
    RowsInfo,
    explain_row,
    find_rows,
    open_rows,
    raw_row,
    render_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.explained import Explained, RawPlace
    from inspect_tool.prompts.strategies.likeness import Needle

OPEN_SECONDS = 600.0
"""For the import of axolotl on a busy machine and the reading of large files."""
TASK_SECONDS = 120.0
"""For one row or one chunk of rows; a template that never ends is ended."""
CHUNK_SECONDS = 0.5
"""How long one chunk should take, so that others get the worker in between."""
FIRST_CHUNK = 32
LARGEST_CHUNK = 5000


class TrainingRows:
    """The rows of a config's ``datasets`` (``split`` train) or ``test_datasets`` (test).

    Relative paths of the config start from ``cwd``. Everything raises InspectError with axolotl's
    reason, and RunFailedError where the worker failed. Files are read again when they change.
    """

    def __init__(
        self, worker: AxolotlWorker, config: Path, cwd: Path, *, split: str = "train"
    ) -> None:
        self.worker = worker
        self.request = Request(config.absolute(), cwd.absolute(), split)
        self._files: dict[int, RawFiles] = {}

    @cached_property
    def info(self) -> RowsInfo:
        """The datasets and what becomes of their rows, as the config said when first asked."""
        with data_problems_named(self.request.config, self.request.cwd):
            return self.worker.call(open_rows, self.request, timeout=OPEN_SECONDS)

    def refresh(self) -> RowsInfo:
        """Look again at the config and its files, and return what they say now."""
        self.__dict__.pop("info", None)
        self._files.clear()
        return self.info

    def explain(self, source: int, row: int) -> tuple[Explained, ...]:
        """Return the prepared rows made of one raw row, with a reason for every token.

        Empty for rows that are stored as text.
        """
        return self.worker.call(explain_row, self.request, source, row, timeout=TASK_SECONDS)

    def chunks(self, *, cuts: tuple[int, ...] = ()) -> Iterator[Chunk]:
        """Render every raw row, a chunk at a time; ``cuts`` are lengths to digest rows at too."""
        for index, source in enumerate(self.info.sources):
            start, size = 0, FIRST_CHUNK
            while start < source.rows:
                began = time.perf_counter()
                stop = min(start + size, source.rows)
                yield self.chunk(index, start, stop, cuts=cuts)
                took = max(time.perf_counter() - began, 1e-3)
                fitting = int((stop - start) * CHUNK_SECONDS / took)
                size = min(max(fitting, 1), 2 * size, LARGEST_CHUNK)
                start = stop

    def chunk(self, source: int, start: int, stop: int, *, cuts: tuple[int, ...] = ()) -> Chunk:
        """Render raw rows ``[start, stop)`` of one dataset."""
        return self.worker.call(
            render_rows, self.request, source, start, stop, cuts, timeout=TASK_SECONDS
        )

    def find(self, needle: Needle, *, most: int = 50) -> tuple[Found, ...]:
        """Find the raw rows of a prepared row by its text; empty if none is found that way."""
        return self.worker.call(find_rows, self.request, needle, most, timeout=OPEN_SECONDS)

    def raw(self, source: int, row: int) -> dict[str, Any]:
        """Return one raw row as `datasets` read it."""
        text = self.worker.call(raw_row, self.request, source, row, timeout=TASK_SECONDS)
        value: dict[str, Any] = json.loads(text)
        return value

    def place(self, source: int, row: int) -> RawPlace:
        """Return the file and line of a raw row."""
        info = self.info.sources[source]
        if source not in self._files:
            self._files[source] = RawFiles(info.files)
        return self._files[source].place_of(row, info.rows, lambda: self.raw(source, row))
