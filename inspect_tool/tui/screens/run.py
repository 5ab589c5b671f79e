"""The Run screen: a run while it goes on, or what it left behind.

All of it is read from the run's folder, so that a run started in another terminal is followed in
the same way, and one that was killed can still be read. A thread looks; what it finds is a message.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen

from inspect_tool.samples.facts import Fact
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.actions import RUN_ACTIONS, bindings, hint_parts
from inspect_tool.tui.failures import TellsFailures
from inspect_tool.tui.run import (
    after_line,
    attach_line,
    problem_sections,
    progress_line,
    speed_line,
    state_part,
    step_line,
)
from inspect_tool.tui.run_watch import LOOK_SECONDS, Looked, vocabulary_of, watch
from inspect_tool.tui.screens.choose import Choice, ChooseScreen
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.batches_pane import BatchesPane
from inspect_tool.tui.widgets.chart_view import ChartView
from inspect_tool.tui.widgets.output import OutputLog
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.ranks_pane import RanksPane
from inspect_tool.tui.widgets.why_page import WhyPage

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize
    from textual.widget import Widget

    from inspect_tool.errors import InspectError
    from inspect_tool.samples.vocabulary import Vocabulary
    from inspect_tool.tui.actions import Action
    from inspect_tool.tui.app import InspectApp
    from inspect_tool.tui.own_run import OwnRun
    from inspect_tool.tui.why import Sections
    from inspect_tool.tui.widgets.batch_list import BatchList
    from inspect_tool.tui.widgets.parts import Line

NARROW: Final = 110
"""Cells below which curves stand above the log, and batches above their tokens."""
PAGES: Final = ("run", "batches", "problems", "traceback", "ranks", "rehearsal")
ON_BATCHES: Final = ("step_row(1)", "step_batch(1)", "toggle_heat")
"""Actions for the page of batches."""
ABSENT: Final = {
    "traceback": "there is no traceback",
    "ranks": "a run of one process has no ranks",
    "rehearsal": "this run is no rehearsal: r on the Scale screen starts one",
}
"""What is said of a page that this run has not."""
NOTHING_WRONG: Final = [("No problem is known", [Fact("", "neither log nor batches show one")])]
ENDS: Final = "End the training run and all of its ranks?"
ENDING: Final[tuple[Choice, ...]] = (((Part("let it run"),), ()), ((Part("end it"),), ()))


class RunScreen(ModalScreen[None], TellsFailures):
    """Shows the run in ``folder``; ``page`` is the one of PAGES that is seen."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(RUN_ACTIONS))

    @dataclass
    class Told(Message):
        """The folder holds something new."""

        looked: Looked

    @dataclass
    class VocabularyRead(Message):
        """The run's tokenizer is there, or cannot be had."""

        vocabulary: Vocabulary | None

    def __init__(self, folder: Path, page: str = "run") -> None:
        super().__init__()
        self.folder, self.page = folder, page
        self.looked: Looked | None = None
        self.titles, self.status = Bar(id="run-titles"), Bar(id="run-status")
        self.attach, self.hints = Bar(id="run-attach"), Bar(id="run-hints", whole=True)
        self.curves = (ChartView("loss"), ChartView("gradient norm"), ChartView("learning rate"))
        self.log_view, self.numbers = OutputLog(id="run-log"), Bar(id="run-numbers")
        self.batches = BatchesPane()
        self.problems, self.traceback = WhyPage(id="run-problems"), OutputLog(id="run-traceback")
        self.ranks, self.rehearsal = RanksPane(), WhyPage(id="run-rehearsal")
        self._stop = threading.Event()
        self._reads_vocabulary = False
        self._problem: InspectError | None = None
        """Why a run that this app started could not go on, once that was said."""

    def compose(self) -> ComposeResult:
        """Lay out the pages below the status; one of them is seen."""
        yield self.titles
        yield self.status
        yield self.attach
        with Horizontal(id="run-page"):
            with Vertical(id="run-curves"):
                yield self.curves[0]
                with Horizontal(id="run-small"):
                    yield from self.curves[1:]
                yield self.numbers
            yield self.log_view
        yield self.batches
        yield self.problems
        yield self.traceback
        yield self.ranks
        yield self.rehearsal
        yield self.hints

    def on_mount(self) -> None:
        """Start looking."""
        self._turn_to(self.page)
        self.run_worker(self._work, thread=True, group="run", exit_on_error=False)
        self.set_interval(LOOK_SECONDS, self._look_at_own)

    def on_unmount(self) -> None:
        """Look no more."""
        self._stop.set()

    def on_resize(self, event: Resize) -> None:
        """Put the panes above each other where there is no room beside."""
        self.set_class(event.size.width < NARROW, "-narrow")

    @property
    def own(self) -> OwnRun | None:
        """The run in this folder, if this app started it."""
        app: InspectApp = self.app  # type: ignore[assignment]
        own = app.background.own
        return own if own is not None and own.folder == self.folder else None

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.looked is not None and self.looked.view.over

    # Actions

    def action_show_page(self, page: str) -> None:
        """Show a page and go there."""
        if self._has(page):
            self._turn_to(page)
        else:
            self.notify(ABSENT[page])

    def action_step_row(self, by: int) -> None:
        """Show the next or previous row of a batch."""
        if self.page == "batches":
            self.batches.list.action_move(by)

    def action_step_batch(self, by: int) -> None:
        """Show the next or previous batch."""
        self._turn_to("batches")
        self.batches.list.step_batch(by)

    def action_toggle_heat(self) -> None:
        """Colour tokens by loss, or by labels."""
        self._turn_to("batches")
        self.batches.toggle_heat()

    def action_end_run(self) -> None:
        """End the run's whole process group."""
        own = self.own
        if own is not None and own.alive:
            if own.trains and not own.ending:
                self.app.push_screen(ChooseScreen(ENDS, ENDING), self._answered_end)
            else:
                self._end(own)
        elif self.over:
            self.notify("the run has ended")
        else:
            status = self.looked.view.status if self.looked else None
            who = f" (process {status.pid})" if status is not None and status.pid else ""
            self.notify(f"not started here{who}: end it where it was started")

    def action_close(self) -> None:
        """Go back to the app; a run that goes on is left running, or ended, as one says."""
        own = self.own
        if own is None or not own.alive or own.ending:
            self.dismiss()
            return

        def answered(index: int | None) -> None:
            if index == 1:
                self._end(own)
            elif index == 0:
                self.dismiss()

        choices = [
            ((Part("leave it running"),), (Part("D shows it again", "dim"),)),
            ((Part("end it"),), ()),
        ]
        self.app.push_screen(ChooseScreen("The run goes on", choices), answered)

    def _answered_end(self, index: int | None) -> None:
        if index == 1 and self.own is not None:
            self._end(self.own)

    # What comes of it

    def on_run_screen_told(self, event: Told) -> None:
        """Take up what is new."""
        if self.looked is not None and self.looked.view.part != event.looked.view.part:
            self.batches.list.clear()
        self.looked = looked = event.looked
        self.log_view.add(looked.view.lines)
        self.batches.list.add(looked.batches)
        self.ranks.show(looked.ranks)
        for view, curve in zip(self.curves, looked.curves, strict=True):
            view.curve = curve
        if looked.batches and not self._reads_vocabulary:
            self._reads_vocabulary = True
            self.run_worker(self._read, thread=True, group="vocabulary", exit_on_error=False)
        self.rehearsal.say(looked.rehearsal)
        if looked.failure is not None:
            self.traceback.add(looked.failure.traceback.splitlines())
        if looked.view.over:
            self._turn_to_end(looked)
        self._describe()

    def on_run_screen_vocabulary_read(self, event: VocabularyRead) -> None:
        """Read the tokens."""
        self.batches.vocabulary = event.vocabulary
        self.batches.show()

    def on_batch_list_shown(self, event: BatchList.Shown) -> None:
        """Show a row."""
        self.batches.show(event.row)

    def on_line_list_selected(self, event: BatchList.Selected) -> None:
        """Go from a list to what it lists."""
        event.stop()
        (self.ranks.log_view if self.page == "ranks" else self.batches.tokens).focus()

    def on_rank_list_shown(self) -> None:
        """Show a rank's log."""
        self.ranks.show_log()

    def on_token_view_cursor_moved(self) -> None:
        """Say what is known of the token under the cursor."""
        self.batches.describe()

    # Inside

    def _turn_to_end(self, looked: Looked) -> None:
        """Bring what a run came to to the front, where one looks at what is of use no more."""
        has = {"run": False, "ranks": looked.ranks.ranks, "rehearsal": looked.rehearsal}
        if has.get(self.page, True):
            return
        if looked.rehearsal:
            self._turn_to("rehearsal")
        elif looked.failure is not None:
            self._turn_to("problems")
        elif self.page != "run":
            self._turn_to("run")

    def _turn_to(self, page: str) -> None:
        panes: dict[str, Widget] = {
            "run": self.query_one("#run-page"),
            "batches": self.batches,
            "problems": self.problems,
            "traceback": self.traceback,
            "ranks": self.ranks,
            "rehearsal": self.rehearsal,
        }
        for name, pane in panes.items():
            pane.display = name == page
        self.page = page
        focus = {"run": self.log_view, "batches": self.batches.tokens, "ranks": self.ranks.list}
        focus.get(page, panes[page]).focus()
        self._describe()

    def _describe(self) -> None:
        view = self.looked.view if self.looked else None
        own = self.own
        ending = own is not None and own.ending and not self.over
        self.status.left = (state_part(view, ending=ending), *progress_line(view))
        if self._problem is not None and (view is None or view.status is None):
            self.status.left = (Part(safe(f"✖ {self._problem.message}", newline=" "), "bad"),)
        self.status.right = speed_line(view)
        self.attach.left = attach_line(view) or after_line(view)
        self.attach.display = bool(self.attach.left)
        self.numbers.left = step_line(view)
        name = safe(self.folder.name)
        self.titles.left = (Part("RUN  ", "accent"), Part(name, "strong"))
        self.titles.right = self._page_titles()
        self.hints.left = hint_parts(filter(self._helps, RUN_ACTIONS), namespace="screen")
        self.problems.say(self._sections() or NOTHING_WRONG)

    def _page_titles(self) -> Line:
        counts = {
            "batches": len(self.batches.list.batches),
            "problems": len(self._sections()),
            "ranks": self.ranks.list.count(),
        }
        parts = []
        for key, page in enumerate(PAGES, 1):
            if not self._has(page):
                continue
            count = f" ({counts[page]})" if counts.get(page) else ""
            shown = f"{key}:{page}{count}"
            here = page == self.page
            tone = "strong" if here else "bad" if page == "problems" and count else "dim"
            shown = f"[{shown}]" if here else f" {shown} "
            parts.append(Part(shown, tone, f"screen.show_page('{page}')"))
        return tuple(parts)

    def _has(self, page: str) -> bool:
        looked = self.looked
        if page == "traceback":
            return bool(looked and looked.failure and looked.failure.traceback)
        if page == "rehearsal":
            return bool(looked and looked.rehearsal)
        return page != "ranks" or page == self.page or bool(looked and looked.ranks.ranks)

    def _helps(self, action: Action) -> bool:
        """Tell whether a key does something now: a footer of keys that do not is noise."""
        if action.id == "end_run":
            return not self.over
        return self.page == "batches" or action.id not in ON_BATCHES

    def _sections(self) -> Sections:
        looked = self.looked
        failure = looked.failure if looked else None
        findings = [
            (rows.place, finding) for rows in self.batches.list.batches for finding in rows.findings
        ]
        return problem_sections(
            failure if failure is not None and (failure.evidence or not self._problem) else None,
            None if failure is not None and failure.evidence else self._problem,
            findings,
            looked.notes if looked else (),
        )

    def _look_at_own(self) -> None:
        """Say why a run could not go on where its folder, such as on a full disk, does not."""
        own = self.own
        if own is not None and own.problem is not self._problem:
            self._problem = own.problem
            self._describe()

    def _end(self, own: OwnRun) -> None:
        self.run_worker(own.end, thread=True, group="end", exit_on_error=False)
        self.call_after_refresh(self._describe)

    # The threads

    def _work(self) -> None:
        def say(looked: Looked) -> None:
            if not self._stop.is_set():
                self.post_message(self.Told(looked))

        watch(self.folder, say, self._stop)

    def _read(self) -> None:
        app: InspectApp = self.app  # type: ignore[assignment]
        self.post_message(self.VocabularyRead(vocabulary_of(self.folder, app.axolotl())))


def begin_run(app: InspectApp, own: OwnRun) -> bool:
    """Start a run behind the app, unless another one goes on; it is the caller's to show it."""
    if app.background.own is not None and app.background.own.alive:
        app.notify("another run goes on; D shows it", severity="warning")
        return False
    app.background.begin(own)
    app.workbench.explorer.look(app.workbench.explorer.root)
    return True
