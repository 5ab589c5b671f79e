"""A config's raw rows rendered by axolotl as they are asked for, and again when a file is saved.

Nothing has to be prepared. Files are looked at by their times: that works on every file system,
network ones too, whatever way an editor saves, and costs microseconds a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.opened import read_vocabulary
from inspect_tool.prompts.digests import without_nulls
from inspect_tool.prompts.origin import WhySample, raw_samples
from inspect_tool.prompts.raw_text import RawText, raw_text
from inspect_tool.prompts.strategies.tasks import explain_row
from inspect_tool.prompts.strategies.watching import watched_files
from inspect_tool.prompts.training import OPEN_SECONDS, TrainingRows
from inspect_tool.runs.config import Config
from inspect_tool.runs.outdated import with_way_out
from inspect_tool.runs.target import resolve
from inspect_tool.runs.tokenizers import load_tokenizer
from inspect_tool.samples.vocabulary import TokenizerMissingError, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.explained import Explained

RENDER_SECONDS = 20.0
"""After so long a template counts as endless; the worker is ended and starts anew."""
MOST_FILES = 2_000
"""Files that are looked at; of more, the first."""

Stamps = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, eq=False)
class Rendering:
    """Raw row ``row`` of ``rows`` as axolotl makes it now: ``samples`` is empty for stored text.

    ``note`` says what becomes of it afterwards, or why it has no samples.
    """

    row: int
    rows: int
    samples: tuple[WhySample, ...]
    raw: RawText
    settings: Mapping[str, Mapping[str, Any]]
    config: Config
    vocabulary: Vocabulary | None
    note: str = ""


class Live:
    """Renders rows of one config; to be used from one thread at a time.

    ``render`` raises InspectError with axolotl's reason. After either outcome ``changed`` tells
    whether a file was saved since.
    """

    def __init__(
        self, config: Path, worker: AxolotlWorker, *, tokenizer: str | None = None
    ) -> None:
        self.config = config.absolute()
        self._worker = worker
        self._tokenizer = tokenizer
        self._watched: tuple[str, ...] = (os.fspath(self.config),)
        self._stamps: Stamps = ()
        self._rows: _Rows | None = None
        self._vocabulary: Vocabulary | None = None

    def changed(self) -> bool:
        """Tell whether a file that rows are made from was saved since the last rendering."""
        return _stamps(self._watched) != self._stamps

    def saving(self) -> Stamps:
        """Return the files' present times; two equal ones in a row: nobody is still writing."""
        return _stamps(self._watched)

    def render(self, row: int) -> Rendering:
        """Render a raw row, counted over all datasets; a row past the end becomes the last."""
        stamps = _stamps(self._watched)
        try:
            if stamps != self._stamps or self._rows is None:
                self._rows = self._open()
            return self._rendered(self._rows, row)
        except InspectError as error:
            self._rows = None
            with_way_out(error)
            raise
        finally:
            # What was saved while this ran is newer than these: it counts as changed.
            known = {path: (size, time) for path, size, time in stamps}
            now = _stamps(self._watched)
            self._stamps = tuple((p, *known.get(p, (size, time))) for p, size, time in now)

    def _open(self) -> _Rows:
        self._watched = tuple(dict.fromkeys([*self._watched, *_named(self.config)]))
        config = Config.read(self.config)
        target = resolve(self.config, tokenizer=self._tokenizer)
        rows = _Rows(self._worker, config.path, target.cwd, config)
        self._watched = _known(
            self._worker.call(watched_files, rows.request, timeout=OPEN_SECONDS),
            _named(self.config),
        )
        try:
            self._vocabulary = read_vocabulary(target)
        except TokenizerMissingError:
            self._vocabulary = None
            if target.tokenizer is not None and target.tokenizer.needs_worker:
                folder = load_tokenizer(
                    target.tokenizer, config, cwd=target.cwd, worker=self._worker
                )
                self._vocabulary = Vocabulary.load(folder)
        return rows

    def _rendered(self, rows: _Rows, row: int) -> Rendering:
        info = rows.info
        if not info.rows:
            raise InspectError("its datasets have no rows", place=self.config)
        row = min(max(row, 0), info.rows - 1)
        source, number = _source_of(row, [item.rows for item in info.sources])
        samples = [
            replace(item, sample=replace(item.sample, row=row))
            for item in raw_samples(rows, source, number)
        ]
        longest = max((item.rendered for item in samples), default=0)
        note = ""
        if not samples:
            note = "stored as text, or no row at all: the trainer makes its tokens and labels"
        elif longest > info.limit:
            what = "cut" if info.strategy == "truncate" else info.strategy
            note = f"{longest:,} tokens, {info.limit_key} is {info.limit:,}: {what}"
        return Rendering(
            row=row,
            rows=info.rows,
            samples=tuple(samples),
            raw=raw_text(without_nulls(rows.raw(source, number))),
            settings={item.entry: item.settings for item in info.sources},
            config=rows.written,
            vocabulary=self._vocabulary,
            note=note,
        )


class _Rows(TrainingRows):
    """Training rows of a config as it was ``written`` when it was read."""

    def __init__(self, worker: AxolotlWorker, config: Path, cwd: Path, written: Config) -> None:
        super().__init__(worker, config, cwd)
        self.written = written

    def explain(self, source: int, row: int) -> tuple[Explained, ...]:
        """Explain a row, or give up early: a person waits, and edits a template meanwhile."""
        return self.worker.call(explain_row, self.request, source, row, timeout=RENDER_SECONDS)


def _source_of(row: int, sizes: list[int]) -> tuple[int, int]:
    for index, size in enumerate(sizes):
        if row < size:
            return index, row
        row -= size
    raise IndexError(row)


def _named(path: Path) -> list[str]:
    """Return the files that a YAML names, there or not, so that mending one is noticed."""
    try:
        config = Config.read(path)
    except InspectError:
        return [os.fspath(path)]
    cwd = resolve(path).cwd
    values = config.values
    entries = [*(values.get("datasets") or []), *(values.get("test_datasets") or [])]
    named = [values.get("chat_template_jinja")]
    for entry in entries:
        files = entry.get("data_files")
        named += [entry.get("path"), entry.get("chat_template_jinja")]
        named += files if isinstance(files, list) else [files]
    texts = [item for item in named if isinstance(item, str) and "\n" not in item]
    return [os.fspath(path), *(os.fspath(cwd / item) for item in texts if len(item) < 1024)]


def _known(*groups: Iterable[str]) -> tuple[str, ...]:
    paths = dict.fromkeys(path for group in groups for path in group)
    return tuple(paths)[:MOST_FILES]


def _stamps(paths: Iterable[str]) -> Stamps:
    """Return size and time of last change of each path; -1 where there is none."""
    found = []
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116  # some thousand of them, several times a second
            found.append((path, status.st_size, status.st_mtime_ns))
        except (OSError, ValueError):
            found.append((path, -1, -1))
    return tuple(found)
