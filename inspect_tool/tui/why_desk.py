"""Asks why on behalf of the workbench, keeps the answers, and tells the panes that show them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message
from textual.worker import get_current_worker

from inspect_tool.errors import InspectError
from inspect_tool.explaining import Explaining
from inspect_tool.tui.why import WAITING, Answer, answered, line_of, sections_of
from inspect_tool.tui.widgets.raw_pane import RawPane

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.opened import Opened
    from inspect_tool.samples.facts import Fact
    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.sample import Sample
    from inspect_tool.tui.screens.workbench import Workbench
    from inspect_tool.tui.widgets.document_view import DocumentView
    from inspect_tool.tui.widgets.panel import Panel
    from inspect_tool.tui.widgets.why_page import WhyPage

KEPT: Final = 64
"""Answers that are kept; each is as large as its row."""
PAUSE_SECONDS: Final = 0.15
"""How long a row is looked at before axolotl is asked about it: not while one leafs through."""
BESIDE: Final = 88
"""Cells of the tokens' room from which the raw row stands beside them and not below."""


class LeftError(InspectError):
    """The person went on to another row before this one's origin was found."""


class WhyDesk:
    """Answers for the rows of every open dataset; ``worker`` gives the app's axolotl worker."""

    @dataclass
    class Answered(Message):
        """A row of a dataset was explained."""

        dataset: PreparedDataset
        row: int
        answer: Answer

    @dataclass
    class Progress(Message):
        """So many raw rows were rendered in search of one."""

        done: int
        of: int

        def can_replace(self, message: Message) -> bool:
            """Let a later state take the place of one that waits."""
            return isinstance(message, WhyDesk.Progress)

    def __init__(self, bench: Workbench, worker: Callable[[], AxolotlWorker | None]) -> None:
        self._bench = bench
        self._worker = worker
        self._answers: OrderedDict[tuple[int, int], tuple[PreparedDataset, Answer]] = OrderedDict()
        self._explaining: tuple[PreparedDataset, Explaining] | None = None
        self._asked: tuple[int, int] | None = None
        self._panel: Panel | None = None
        self.raw: RawPane | None = None
        self.progress = ""

    # What a person asks for

    async def show(self) -> None:
        """Show the page; an answer that is a problem is asked for again."""
        view = self._bench.active
        if view is None or view.sample is None:
            return
        known = self.answer_for(view)
        if known is not None and known.problem is not None and self._key(view) is not None:
            self._answers.pop(self._key(view) or (0, 0))
        self._panel = await self._bench.show_panel("why", focus=False)
        self.follow()

    async def toggle_raw(self) -> None:
        """Go to the raw row, or back to the tokens when already there."""
        if self.raw is None:
            self.raw = RawPane()
            await self._bench.query_one("#documents").mount(self.raw)
            self.arrange()
        elif self.raw.display and self.raw.has_focus_within:
            self._bench.focus_main()
            return
        self.raw.display = True
        self.follow()
        self.focus_raw()

    def focus_raw(self) -> None:
        """Go to the raw row if there is one to go to."""
        assert self.raw is not None
        (self.raw.page if self.raw.has_class("-empty") else self.raw.view).focus()

    def hide_raw(self) -> bool:
        """Put the raw row away; False if it was not shown."""
        if self.raw is None or not self.raw.display:
            return False
        self.raw.display = False
        return True

    # What the panes show

    def answer_for(self, view: DocumentView) -> Answer | None:
        """Return why of the row that a view shows, None while it is not known."""
        found = self._answers.get(self._key(view) or (0, 0))
        return found[1] if found else None

    def line(self, view: DocumentView) -> list[Fact]:
        """Return the inspector's line on the token under the cursor."""
        if view.tokens is None:
            return []
        return line_of(self.answer_for(view), view.active, view.tokens.cursor)

    def follow(self) -> None:
        """Show why of what the active view shows, and ask where nobody has asked yet."""
        page = self._shown_page()
        raw = self.raw if self.raw is not None and self.raw.display else None
        view = self._bench.active
        if page is None and raw is None:
            return
        if view is None or view.sample is None or view.tokens is None:
            if page is not None:
                page.say([])
            if raw is not None:
                raw.say("No sample is shown")
            return
        answer, token = self.answer_for(view), view.tokens.cursor
        if answer is None:
            self._ask(view)
        if page is not None:
            sections = sections_of(answer, view.active, token)
            if answer is None and self.progress:
                sections[0][1].append(_progress_fact(self.progress))
            page.say(sections)
        if raw is not None:
            self._show_raw(raw, answer, view.active, token)

    def arrange(self) -> None:
        """Put the raw row beside the tokens, or below them where there is no room."""
        documents = self._bench.query_one("#documents")
        below = documents.size.width < BESIDE
        if self.raw is not None:
            documents.styles.layout = "vertical" if below else "horizontal"
            self.raw.set_class(below, "-below")

    def go_to_token(self, token: int) -> None:
        """Put the tokens' cursor on what was made from the raw row's place."""
        view = self._bench.active
        if view is not None and view.tokens is not None:
            view.tokens.jump_to(token)

    # What comes of the asking

    def take(self, event: Answered) -> None:
        """Keep an answer and show it."""
        self.progress, self._asked = "", None
        self._answers[id(event.dataset), event.row] = (event.dataset, event.answer)
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        self._bench.update_panes()

    def take_progress(self, event: Progress) -> None:
        """Say how far the search for a raw row is."""
        self.progress = f"looked through {event.done:,} of {event.of:,} raw rows"
        self.follow()

    # Inside

    def _shown_page(self) -> WhyPage | None:
        panel = self._panel
        shown = panel is not None and self._bench.wishes.panel and panel.page == "why"
        return panel.why if panel is not None and shown else None

    def _key(self, view: DocumentView) -> tuple[int, int] | None:
        opened = view.document.opened
        return None if opened is None else (id(opened.dataset), view.row)

    def _ask(self, view: DocumentView) -> None:
        key = self._key(view)
        if key is None or key == self._asked:
            return
        self._asked = key
        self._bench.set_timer(PAUSE_SECONDS, partial(self._begin, view, key))

    def _begin(self, view: DocumentView, key: tuple[int, int]) -> None:
        """Ask, if the row is still what is shown."""
        opened, sample = view.document.opened, view.sample
        if self._key(view) != key or opened is None or sample is None:
            if self._asked == key:
                self._asked = None
            return
        worker = self._worker()
        if worker is None:
            said = InspectError("not from a browser", fix="run inspect-tool in a terminal")
            self.take(self.Answered(opened.dataset, view.row, Answer(problem=said)))
            return
        work = partial(self._explain, opened, sample, worker)
        self._bench.run_worker(work, thread=True, group="why", exclusive=True, exit_on_error=False)

    def _explain(self, opened: Opened, sample: Sample, worker: AxolotlWorker) -> None:
        answer = answered(self._explaining_of(opened, worker), sample)
        if not isinstance(answer.problem, LeftError):
            self._bench.post_message(self.Answered(opened.dataset, sample.row, answer))

    def _explaining_of(self, opened: Opened, worker: AxolotlWorker) -> Explaining:
        if self._explaining is None or self._explaining[0] is not opened.dataset:
            explaining = Explaining(opened, worker, progress=self._said)
            self._explaining = (opened.dataset, explaining)
        return self._explaining[1]

    def _said(self, done: int, of: int) -> None:
        """Pass on how far a search is, or end it; called in its thread."""
        if get_current_worker().is_cancelled:
            raise LeftError("left")
        self._bench.post_message(self.Progress(done, of))

    def _show_raw(self, raw: RawPane, answer: Answer | None, sequence: int, token: int) -> None:
        pieces = answer.raw_of(sequence) if answer else None
        if answer is None:
            raw.say(WAITING)
        elif answer.problem is not None:
            raw.say_problem(answer.problem)
        elif pieces is None:
            raw.say("No raw row renders to this one: the data or the config changed since")
        else:
            raw.show(pieces, answer.place, answer.spot(sequence, token), token)


def _progress_fact(text: str) -> Any:
    from inspect_tool.samples.facts import Fact

    return Fact("", text)
