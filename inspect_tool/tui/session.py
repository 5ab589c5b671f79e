"""What goes on behind the keys: opening paths, and taking up what comes from the background."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.events import InputEvent
from textual.message import Message

from inspect_tool.runs.folders import run_folder
from inspect_tool.samples.glyphs import safe
from inspect_tool.samples.row_order import RowOrder
from inspect_tool.tui.background import Background
from inspect_tool.tui.document import Document, Request, Stamp, open_document, stamp_of
from inspect_tool.tui.failures import TellsFailures, WorkFailed
from inspect_tool.tui.garbage import Collector
from inspect_tool.tui.screens.workbench import Workbench
from inspect_tool.tui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from textual.events import Event

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.tui.widgets.document_view import DocumentView
    from inspect_tool.tui.widgets.explorer import Explorer
    from inspect_tool.tui.widgets.prompt import Question

LOOK_SECONDS = 2.0
"""How often the files of open datasets are looked at."""

COLLECT_SECONDS = 1.0
"""How often it is asked whether this is a good moment to collect garbage."""

OUTPUT_SECONDS = 0.15
"""How often the output panel takes up what programs said."""


class Session(App[int], TellsFailures):
    """An app with a workbench on one path; everything slow starts after the first screen."""

    @dataclass
    class DocumentOpened(Message):
        """Something was opened in the background; ``instead`` is the view that it belongs in."""

        document: Document
        instead: DocumentView | None = None

    @dataclass
    class DiskChanged(Message):
        """The files of a view's dataset are no longer as ``stamp`` has them."""

        view: DocumentView
        stamp: Stamp

    def __init__(self, request: Request, *, confirms: bool = True) -> None:
        """``confirms``: axolotl is asked in the background whether config and dataset agree."""
        super().__init__()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.request = request
        self.background = Background(self)
        self.confirms = confirms
        self._garbage = Collector()
        self._first = open_document(request)

    def get_default_screen(self) -> Workbench:
        """Return the main screen."""
        return Workbench(None if self._first.is_directory else self._first)

    @property
    def workbench(self) -> Workbench:
        """Return the main screen, also while another covers it."""
        screen = self.screen_stack[0]
        assert isinstance(screen, Workbench)
        return screen

    @property
    def view(self) -> DocumentView | None:
        """Return the tab that is shown."""
        return self.workbench.active

    async def on_event(self, event: Event) -> None:
        """Note when somebody presses a key or moves the mouse."""
        if isinstance(event, InputEvent):
            self._garbage.note_input()
        await super().on_event(event)

    def on_mount(self) -> None:
        """Start what may take its time, once the first screen is there."""
        self.call_after_refresh(self._settle_in)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError, NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self._end_by_signal, number)

    def _end_by_signal(self, number: signal.Signals) -> None:
        """Leave the terminal as it was, and nothing running."""
        self.exit(return_code=128 + number)

    def open(self, request: Request, *, instead: DocumentView | None = None) -> None:
        """Open a path in the background, in a tab of its own or in place of another."""
        for view in self.workbench.views:
            if instead is None and view.document.request.path == request.path:
                self.workbench.turn_to(view)
                return
        self.run_worker(
            lambda: self._open(request, instead), thread=True, group="open", exit_on_error=False
        )

    async def on_session_document_opened(self, event: DocumentOpened) -> None:
        """Show what was opened."""
        document = event.document
        if event.instead is not None and event.instead.is_mounted:
            event.instead.document = document
            event.instead.row = min(event.instead.row, max(document.order.total - 1, 0))
            view = event.instead
            self.workbench.turn_to(view)
        elif document.is_run:
            self.show_run(document.request.path)
            return
        elif document.is_directory:
            self.workbench.explorer.look(document.request.path)
            return
        else:
            view = await self.workbench.add(document)
        self._begin_work(view)

    def _open(self, request: Request, instead: DocumentView | None) -> None:
        self.post_message(self.DocumentOpened(open_document(request), instead))

    def _settle_in(self) -> None:
        gc.freeze()
        self.set_interval(COLLECT_SECONDS, self._garbage.collect)
        self.set_interval(OUTPUT_SECONDS, self._show_lines)
        self.set_interval(LOOK_SECONDS, self.look_at_disk)
        explorer = self.workbench.explorer
        explorer.look(explorer_root(self._first))
        for view in self.workbench.views:
            self._begin_work(view)
        if self.request.live:
            self.call_later(self.run_action, "app.live")
        elif self._first.is_run:
            self.call_later(self.show_run, self.request.path)

    def _begin_work(self, view: DocumentView) -> None:
        view.count_rows()
        if self.may_start_programs and self.confirms and self.background.confirm(view):
            view.document = replace(view.document, confirming=True)

    @property
    def may_start_programs(self) -> bool:
        """Whether axolotl may be run: not on behalf of a browser."""
        return not self.is_web

    async def _show_lines(self) -> None:
        lines = self.background.take_lines()
        if lines:
            (await self.workbench.panel()).output.add(lines)

    def axolotl(self) -> AxolotlWorker | None:
        """Return the worker to ask, None where no program may be started."""
        return self.background.axolotl() if self.may_start_programs else None

    def on_background_confirmed(self, event: Background.Confirmed) -> None:
        """Say whether the config is the right one, and show the dataset that is really its own."""
        view, opened = event.view, event.view.document.opened
        if opened is None or opened.target is not event.asked:
            return
        opened = event.reopened or opened.with_target(event.target)
        document = replace(view.document.with_opened(opened), confirming=False)
        if event.reopened is not None:
            order = RowOrder(len(opened.dataset))
            stamp = stamp_of(opened.dataset.path)
            document = replace(document, order=order, report=None, table=None, stamp=stamp)
            self.notify(event.target.message, markup=False)
        view.document = document
        if event.reopened is not None:
            view.count_rows()

    def on_background_sampled(self, event: Background.Sampled) -> None:
        """Say whether the dataset still is what its raw rows render to."""
        document = event.view.document
        if document.target is event.target:
            event.view.document = replace(document, staleness=event.staleness)

    def on_background_vocabulary_read(self, event: Background.VocabularyRead) -> None:
        """Read the tokens with axolotl's own tokenizer."""
        view, opened = event.view, event.view.document.opened
        if opened is None or opened.dataset is not event.opened.dataset:
            return
        if event.vocabulary is not None:
            opened = opened.with_vocabulary(event.vocabulary)
        elif opened.vocabulary is None:
            opened = replace(opened, vocabulary_problem=event.problem)
        else:
            self.notify(safe(str(event.problem)), severity="warning", markup=False)
        view.document = view.document.with_opened(opened)

    def on_background_prepared(self, event: Background.Prepared) -> None:
        """Open what was prepared, or say why nothing was, on the tab's page if that is seen."""
        if event.problem is not None:
            if event.view.document.opened is None:
                event.view.document = replace(event.view.document, problem=event.problem)
            if event.view.document.opened is not None or event.view is not self.view:
                self.notify(safe(str(event.problem)), severity="error", timeout=15, markup=False)
        elif event.view.is_mounted:
            self.open(event.view.document.request, instead=event.view)

    def on_work_failed(self, event: WorkFailed) -> None:
        """Say that work in the background failed in a way nobody foresaw; the app goes on."""
        self.background.say(event.text)
        self.notify(f"{event.text} (3 shows the output)", severity="error", markup=False)

    async def on_unmount(self) -> None:
        """End what was started; nothing outlives the app."""
        await asyncio.to_thread(self.background.close)

    def look_at_disk(self) -> None:
        """See whether the files of open datasets were written again since they were opened."""
        if self.background.preparing is not None:
            return
        for view in self.workbench.views:
            document = view.document
            if document.opened is not None and not document.changed_on_disk:
                work = partial(self._look, view, document)
                self.run_worker(work, thread=True, group="disk", exit_on_error=False)

    def _look(self, view: DocumentView, document: Document) -> None:
        assert document.target is not None
        assert document.target.dataset is not None
        if stamp_of(document.target.dataset.path) != document.stamp:
            self.post_message(self.DiskChanged(view, document.stamp))

    def on_session_disk_changed(self, event: DiskChanged) -> None:
        """Say that what is shown is not what is on disk."""
        document = event.view.document
        if document.stamp == event.stamp and not document.changed_on_disk:
            event.view.document = replace(document, changed_on_disk=True)
            said = f"{document.title} was written again on disk; ctrl+r opens it"
            self.notify(safe(said), severity="warning", markup=False)

    def begin_search(self, needle: str | int) -> None:
        """Search every row of the tab that is shown."""
        self.run_worker(self._show_search(needle), exit_on_error=False)

    async def _show_search(self, needle: str | int) -> None:
        from inspect_tool.tui.widgets.matches import Query

        view = self.view
        if view is None or view.document.opened is None:
            return
        view.needle = needle
        panel = await self.workbench.show_panel("matches")
        panel.matches.begin(Query(view.document.opened, needle))

    def ask(self, question: Question) -> None:
        """Ask for something in the line below the tokens."""
        self.run_worker(self.workbench.ask(question), exit_on_error=False)

    def on_explorer_asked(self, event: Explorer.Asked) -> None:
        """Open what was chosen in the explorer."""
        if run_folder(event.path) is not None:
            self.show_run(event.path)
        else:
            self.open(Request(event.path, tokenizer=self.request.tokenizer))

    def show_run(self, folder: Path) -> None:
        """Show a run from its folder, whoever started it."""
        from inspect_tool.tui.screens.run import RunScreen

        self.push_screen(RunScreen(folder))


def explorer_root(document: Document) -> Path:
    """Return the folder that the explorer shows for what was opened first."""
    target = document.target
    if target is None:
        return Path.cwd()
    if target.config is not None or document.is_directory:
        return target.cwd
    is_dataset = target.dataset is not None and target.path == target.dataset.path
    return target.path.parent if is_dataset or target.path.is_file() else target.path
