"""What the app lets others do for it: axolotl's confirmation, its tokenizer, its preprocessing.

Owns the axolotl worker, a running preparation and the run that was started, and ends them with the
app. Every result is a message to the app; nothing here touches a widget.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message

from inspect_tool.errors import InspectError
from inspect_tool.opened import Opened, open_target
from inspect_tool.runs.target import Status
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.runs.config import Config
    from inspect_tool.runs.debug_choice import Chosen
    from inspect_tool.runs.launch import Process
    from inspect_tool.runs.staleness import Staleness
    from inspect_tool.runs.target import Target
    from inspect_tool.tui.own_run import OwnRun
    from inspect_tool.tui.widgets.document_view import DocumentView

SAMPLED_FROM: Final = 100_000
"""Rows of a dataset from which on nobody asked to have its raw files read only to sample them."""

LOG_LINES: Final = 40
LOG_BYTES: Final = 64_000
"""How much of the axolotl worker's log is shown when it could not answer."""


class Background:
    """Starts slow work on behalf of ``app`` and posts what comes of it."""

    @dataclass
    class Confirmed(Message):
        """Axolotl was asked what made a dataset; ``reopened`` if it is another one."""

        view: DocumentView
        asked: Target
        target: Target
        reopened: Opened | None = None

    @dataclass
    class Sampled(Message):
        """Some raw rows were rendered again, to see whether a dataset is still their like."""

        view: DocumentView
        target: Target
        staleness: Staleness

    @dataclass
    class VocabularyRead(Message):
        """The tokenizer as axolotl uses it is there, or why it is not."""

        view: DocumentView
        opened: Opened
        vocabulary: Vocabulary | None
        problem: InspectError | None = None

    @dataclass
    class Prepared(Message):
        """A preparation ended: with a folder, or with a problem."""

        view: DocumentView
        folder: Path | None
        problem: InspectError | None = None

    @dataclass
    class Said(Message):
        """Lines for the output panel."""

        lines: list[str]

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._worker: AxolotlWorker | None = None
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._closed = False
        self._pending: deque[str] = deque()
        self.preparing: str | None = None
        """The name of the config that is being prepared."""
        self.own: OwnRun | None = None
        """The last run that was started."""
        self.chosen: Chosen | None = None
        """What was chosen for the last debug run, for the next one of its config."""

    @property
    def worker_pid(self) -> int | None:
        """Return the process id of the axolotl worker while it runs."""
        return self._worker.pid if self._worker else None

    def confirm(self, view: DocumentView) -> bool:
        """Ask axolotl whether a view's config made its dataset; False if that is not open."""
        document = view.document
        target, opened = document.target, document.opened
        if target is None or opened is None:
            return False
        needs_tokenizer = target.tokenizer is not None and target.tokenizer.needs_worker
        unsure = target.status is Status.ASSUMED and target.config is not None
        if not (unsure or needs_tokenizer):
            return False
        self._run(lambda: self._confirm(view, opened, unsure=unsure), "confirm")
        return unsure

    def prepare(self, view: DocumentView, config: Config, cwd: Path) -> None:
        """Prepare a config with the real axolotl, its output line by line."""
        self.preparing = config.path.name
        self._run(lambda: self._prepare(view, config, cwd), "prepare")

    def end_preparing(self) -> None:
        """End a running preparation; its problem arrives as for any failed one."""
        process = self._process
        if process is not None:
            self._run(process.end, "end")

    def take_lines(self) -> list[str]:
        """Return what programs said since the last call."""
        lines = []
        while self._pending:
            lines.append(self._pending.popleft())
        return lines

    def close(self) -> None:
        """End everything that was started; blocks until it is gone."""
        self._closed = True
        if self._worker is not None:
            self._worker.close()
        if self._process is not None:
            self._process.end()
        if self.own is not None:
            self.own.end()

    def begin(self, own: OwnRun) -> None:
        """Start a run; the one before must have ended."""
        self.own = own
        own.start()

    def _run(self, work: Any, group: str) -> None:
        self._app.run_worker(work, thread=True, group=group, exit_on_error=False)

    def axolotl(self) -> AxolotlWorker:
        """Return the one worker that the app asks; it starts with its first task."""
        from inspect_tool.axolotl_worker import AxolotlWorker

        with self._lock:
            if self._worker is None:
                self._worker = AxolotlWorker()
            return self._worker

    def say(self, text: str) -> None:
        """Write a line of the app's own to the output panel."""
        self._pending.append(f"[{time.strftime('%H:%M:%S')}] {text}")

    def _confirm(self, view: DocumentView, opened: Opened, *, unsure: bool) -> None:
        asked = target = opened.target
        if unsure:
            from inspect_tool.runs.confirm import confirm

            name = target.config.path.name if target.config else ""
            self.say(f"asking axolotl which config made this dataset (assumed: {name})")
            target = confirm(target, self.axolotl())
            if self._closed:
                return
            self.say(target.message)
            if target.status is Status.UNKNOWN and self._worker is not None:
                self._pending.extend(last_lines(self._worker.log))
            reopened = self._reopened(opened, target)
            self._app.post_message(self.Confirmed(view, asked, target, reopened))
            opened = reopened or opened.with_target(target)
        reference = target.tokenizer
        if reference is not None and reference.needs_worker:
            self._read_tokenizer(view, opened)
        if unsure:
            self._sample(view, opened)

    def _sample(self, view: DocumentView, opened: Opened) -> None:
        """Render some raw rows again where reading them takes no time worth speaking of."""
        from inspect_tool.runs.staleness import stale

        sure = opened.target.status in {Status.CONFIRMED, Status.STALE}
        if not sure or len(opened.dataset) > SAMPLED_FROM:
            return
        staleness = stale(opened.target, self.axolotl(), confirmed=True)
        if not self._closed:
            self.say(staleness.message)
            self._app.post_message(self.Sampled(view, opened.target, staleness))

    def _reopened(self, opened: Opened, target: Target) -> Opened | None:
        moved = target.dataset is not None and target.dataset.path != opened.dataset.path
        try:
            return open_target(target) if moved else None
        except InspectError as problem:
            self.say(str(problem))
            return None

    def _read_tokenizer(self, view: DocumentView, opened: Opened) -> None:
        from inspect_tool.runs.tokenizers import load_tokenizer

        target, reference = opened.target, opened.target.tokenizer
        assert reference is not None
        try:
            folder = load_tokenizer(reference, target.config, cwd=target.cwd, worker=self.axolotl())
            if opened.vocabulary is not None and opened.vocabulary.name == str(folder):
                return
            read = self.VocabularyRead(view, opened, Vocabulary.load(folder))
        except InspectError as problem:
            read = self.VocabularyRead(view, opened, None, problem)
        if not self._closed:
            self.say(str(read.problem) if read.problem else f"tokenizer read: {reference.name}")
            self._app.post_message(read)

    def _prepare(self, view: DocumentView, config: Config, cwd: Path) -> None:
        from inspect_tool.runs.prepare import prepare

        self.say(f"preparing {config.path} with axolotl")
        try:
            folder = prepare(config, cwd=cwd, on_line=self._pending.append, on_start=self._started)
            result = self.Prepared(view, folder)
            self.say(f"prepared {folder}")
        except InspectError as problem:
            result = self.Prepared(view, None, problem)
            self.say(str(problem))
        self._process, self.preparing = None, None
        if not self._closed:
            self._app.post_message(result)

    def _started(self, process: Process) -> None:
        self._process = process
        if self._closed:
            process.end()


def last_lines(log: Path, *, count: int = LOG_LINES) -> list[str]:
    """Return the end of a log; nothing where it cannot be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-count:]
