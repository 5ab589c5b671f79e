"""The Live screen: a raw row as axolotl renders it now, again whenever a file is saved.

A thread renders and looks at the files; what it finds is one message. What went wrong stands where
the sample was, until the next save.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.worker import get_current_worker

from inspect_tool.errors import InspectError
from inspect_tool.prompts.changes import Changes, changes
from inspect_tool.runs.live import Live, Rendering
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.actions import LIVE_ACTIONS, bindings, hint_parts
from inspect_tool.tui.failures import TellsFailures
from inspect_tool.tui.raw_pieces import cut_raw
from inspect_tool.tui.why import Answer, sections_of
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.page import Page
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.raw_pane import RawPane, RawView
from inspect_tool.tui.widgets.sequence_pane import SequencePane
from inspect_tool.tui.widgets.why_page import WhyPage

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize
    from textual.widget import Widget

    from inspect_tool.tui.app import InspectApp
    from inspect_tool.tui.widgets.token_view import TokenView

LOOK_SECONDS: Final = 0.1
"""How often the files are looked at; a save is taken up once two looks see the same."""
NARROW: Final = 110
"""Cells below which the raw row stands under the tokens."""
MOST_PANES: Final = 2
STARTING: Final = "axolotl renders the first row; its start takes some seconds"


@dataclass(frozen=True, eq=False)
class Rendered:
    """One outcome: a rendering with what to show of it, or a problem; ``seconds`` it took."""

    row: int
    seconds: float
    saved: bool
    rendering: Rendering | None = None
    answers: tuple[Answer, ...] = ()
    problem: InspectError | None = None


class LiveScreen(ModalScreen[None], TellsFailures):
    """Shows ``live``'s row; n and p go through all that axolotl makes of the raw rows."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(LIVE_ACTIONS))

    @dataclass
    class Outcome(Message):
        """The row was rendered, or could not be."""

        outcome: Rendered

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        self.row = self.part = 0
        self.shown: Rendered | None = None
        """The last outcome that had a sample."""
        self.problem: InspectError | None = None
        self.changes: Changes | None = None
        self._wanted = threading.Event()
        self._last_part = False
        self.title_bar, self.page = Bar(id="live-title"), Page()
        self.panes = [SequencePane(number, titled=False) for number in range(MOST_PANES)]
        self.raw, self.why = RawPane(), WhyPage(id="live-why")

    def compose(self) -> ComposeResult:
        """Lay out tokens beside the raw row, and why below."""
        yield self.title_bar
        yield self.page
        with Vertical(id="live-body"):
            with Horizontal(id="live-sides"):
                with Vertical(id="live-tokens"):
                    yield from self.panes
                yield self.raw
            yield self.why
        yield Bar(hint_parts(LIVE_ACTIONS, namespace="screen"), id="live-hints", whole=True)

    def on_mount(self) -> None:
        """Start rendering and looking."""
        self.page.say(STARTING, (), ())
        self.add_class("-empty")
        for pane in self.panes:
            self.watch(pane.tokens, "cursor", self._show_why, init=False)
        self._describe()
        self.run_worker(self._work, thread=True, group="live", exit_on_error=False)

    def on_unmount(self) -> None:
        """Let the thread see at once that it is no longer wanted."""
        self._wanted.set()

    def on_resize(self, event: Resize) -> None:
        """Put the raw row under the tokens where there is no room beside them."""
        self.set_class(event.size.width < NARROW, "-narrow")
        self.raw.set_class(event.size.width < NARROW, "-below")

    @property
    def tokens(self) -> TokenView:
        """The token view that has, or last had, the focus."""
        return next((p.tokens for p in self.panes if p.tokens.has_focus), self.panes[0].tokens)

    # Actions

    def action_step_row(self, by: int) -> None:
        """Show the next or previous row that axolotl makes."""
        parts = len(self.shown.answers) if self.shown else 0
        if self.problem is None and 0 <= self.part + by < parts:
            self.part += by
            self.changes = None
            self._show_sample()
            return
        self._last_part = by < 0
        self.go_to(self.row + by)

    async def action_go_to_row(self) -> None:
        """Ask for a raw row."""
        from inspect_tool.tui.widgets.prompt import PromptBar, Question

        def answer(text: str) -> str:
            digits = text.strip().replace(",", "")
            if not (digits.isascii() and digits.isdecimal()):
                raise InspectError("not a row", fix="rows are counted from 0")
            self.go_to(int(digits))
            return ""

        await self.query(PromptBar).remove()
        await self.mount(PromptBar(Question("Raw row", answer)), before="#live-hints")

    async def on_prompt_bar_closed(self) -> None:
        """Put the line away."""
        await self.query("PromptBar").remove()
        self.tokens.focus()

    def action_raw_row(self) -> None:
        """Go to the raw row, or back to the tokens."""
        to: Widget = self.tokens if self.raw.has_focus_within else self.raw.view
        to.focus()

    def action_close(self) -> None:
        """Go back to the app."""
        self.dismiss()

    def go_to(self, row: int) -> None:
        """Have another raw row rendered."""
        self.row = max(row, 0)
        self._wanted.set()

    # What comes of it

    def on_live_screen_outcome(self, event: Outcome) -> None:
        """Show a rendering with what changed, or what went wrong."""
        outcome, before = event.outcome, self.shown
        if outcome.row != self.row and not outcome.saved:
            return
        self.problem = outcome.problem
        if outcome.rendering is None:
            self._describe(outcome)
            self._show_problem(outcome)
            return
        same_row = before is not None and before.row == outcome.rendering.row
        self.row, self.shown = outcome.rendering.row, outcome
        if not same_row:
            self.part = len(outcome.answers) - 1 if self._last_part else 0
        self._last_part = False
        self.part = max(min(self.part, len(outcome.answers) - 1), 0)
        self.changes = self._changes(before, outcome) if same_row else None
        self._show_sample(keep_cursor=same_row)
        self._describe(outcome)

    def on_raw_view_token_asked(self, event: RawView.TokenAsked) -> None:
        """Let the tokens follow the raw row."""
        self.tokens.jump_to(event.token)

    def _changes(self, before: Rendered | None, after: Rendered) -> Changes | None:
        """Compare the first sequence with the rendering before."""
        if before is None or self.part >= min(len(before.answers), len(after.answers)):
            return None
        old, new = before.answers[self.part].why, after.answers[self.part].why
        if old is None or new is None:
            return None
        return changes(old.sample.sequences[0], new.sample.sequences[0])

    def _show_sample(self, *, keep_cursor: bool = False) -> None:
        assert self.shown is not None
        assert self.shown.rendering is not None
        if not self.shown.answers:
            self.page.say(self.shown.rendering.note, [], ())
            self.add_class("-empty")
            return
        self.remove_class("-empty")
        why = self.shown.answers[self.part].why
        sequences = why.sample.sequences if why else ()
        for pane in self.panes:
            pane.display = pane.number < len(sequences)
            if pane.display:
                pane.set_class(len(sequences) > 1, "-titled")
                cursor = pane.tokens.cursor if keep_cursor else 0
                pane.show(sequences[pane.number], self.shown.rendering.vocabulary, cursor)
        if self.changes:
            self.panes[0].tokens.highlight(self.changes.tokens)
        self._show_why()
        if self.focused is None or not self.focused.display:
            self.tokens.focus()

    def _show_why(self) -> None:
        if self.shown is None or not self.shown.answers:
            return
        answer, tokens = self.shown.answers[self.part], self.tokens
        number = next(pane.number for pane in self.panes if pane.tokens is tokens)
        self.why.say(sections_of(answer, number, tokens.cursor)[:1])
        pieces = answer.raw_of(number)
        if pieces is not None:
            self.raw.show(pieces, answer.place, answer.spot(number, tokens.cursor), tokens.cursor)

    def _show_problem(self, outcome: Rendered) -> None:
        problem = outcome.problem
        assert problem is not None
        lines = [str(problem.place)] if problem.place else []
        lines += [f"Way out: {problem.fix}"] if problem.fix else []
        self.page.say(problem.message, [*lines, "It is rendered again on the next save."], ())
        self.add_class("-empty")

    def _describe(self, outcome: Rendered | None = None) -> None:
        """Say which row this is, how long it took, and what changed."""
        name = safe(self.live.config.name)
        left = [Part("LIVE  ", "accent"), Part(name, "strong")]
        rendering = self.shown.rendering if self.shown else None
        if rendering is not None and self.problem is None:
            left.append(Part(f"  raw row {rendering.row:,} of {rendering.rows:,}"))
            parts = len(self.shown.answers) if self.shown else 0
            left += [Part(f", part {self.part + 1} of {parts}")] if parts > 1 else []
            left += [Part(f"  {rendering.note}", "warn")] if rendering.note else []
        self.title_bar.left = tuple(left)
        if outcome is None:
            self.title_bar.right = (Part("rendering", "dim"),)
        elif self.problem is not None:
            self.title_bar.right = (Part("cannot be rendered", "bad"),)
        else:
            said = f"rendered in {outcome.seconds:.2f} s"
            changed = self.changes
            parts_right = [Part(f"{changed.message}  ", "warn")] if changed is not None else []
            self.title_bar.right = (*parts_right, Part(said, "dim"))

    # The thread

    def _work(self) -> None:
        """Render what is asked for and what was saved, until the screen is closed."""
        worker = get_current_worker()
        saved, first = False, True

        def is_over() -> bool:
            return worker.is_cancelled

        while not is_over():
            if first or saved or self._wanted.is_set():
                self._wanted.clear()
                outcome = self._outcome(self.row, saved=saved)
                if not is_over():
                    self.post_message(self.Outcome(outcome))
                first = False
            self._wanted.wait(LOOK_SECONDS)
            saved = self._saved()

    def _saved(self) -> bool:
        if not self.live.changed():
            return False
        before = self.live.saving()
        self._wanted.wait(LOOK_SECONDS)
        return self.live.saving() == before

    def _outcome(self, row: int, *, saved: bool) -> Rendered:
        began = time.perf_counter()
        try:
            found = self.live.render(row)
        except InspectError as problem:
            return Rendered(row, time.perf_counter() - began, saved, problem=problem)
        answers = tuple(
            Answer(
                why,
                config=found.config,
                settings=found.settings,
                pieces=tuple(cut_raw(found.raw, explained) for explained in why.explained),
            )
            for why in found.samples
        )
        return Rendered(row, time.perf_counter() - began, saved, found, answers)


def open_live(app: InspectApp) -> None:
    """Open the screen on the config of the tab that is shown."""
    worker, view = app.axolotl(), app.view
    target = view.document.target if view else None
    path = target.config.path if target is not None and target.config is not None else None
    if path is None and app.request.live:
        path = app.request.path
    if worker is None:
        app.notify("not from a browser: run inspect-tool in a terminal")
    elif path is None:
        app.notify("no config to render by: open a YAML")
    else:
        app.push_screen(LiveScreen(Live(path, worker, tokenizer=app.request.tokenizer)))
