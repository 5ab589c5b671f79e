"""The Diff screen: what training saw before each answer against what inference will send.

Samples that differ on the left, in groups by cause; both sides of one in the middle; the cause,
its evidence and its fix below. Compared in the background, from the first rows on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.worker import get_current_worker

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.actions import DIFF_ACTIONS, bindings, hint_parts
from inspect_tool.tui.diff import Asked, DiffState, facts_of, run_diff
from inspect_tool.tui.failures import TellsFailures
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.diff_panes import DiffSamples, DiffView
from inspect_tool.tui.widgets.page import Page
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.why_page import WhyPage

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from inspect_tool.axolotl_worker import AxolotlWorker

NARROW = 110
"""Cells below which the list of samples stands above the two sides."""


class DiffScreen(ModalScreen[None], TellsFailures):
    """Compares as ``asked`` and shows what comes of it; closing it ends the comparison."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(DIFF_ACTIONS))

    @dataclass
    class Compared(Message):
        """So much is known of the diff by now."""

        state: DiffState

        def can_replace(self, message: Message) -> bool:
            """Let a later state take the place of one that waits."""
            return isinstance(message, DiffScreen.Compared)

    def __init__(self, asked: Asked, worker: AxolotlWorker) -> None:
        super().__init__()
        self.asked, self._axolotl = asked, worker
        self.state = DiffState()
        self.samples, self.sides = DiffSamples(), DiffView()
        self.cause, self.page = WhyPage(id="diff-cause"), Page()
        self.title_bar = Bar(id="diff-title")

    def compose(self) -> ComposeResult:
        """Lay out the list beside both sides and the cause."""
        yield self.title_bar
        yield self.page
        with Horizontal(id="diff-body"):
            yield self.samples
            with Vertical(id="diff-centre"):
                yield self.sides
                yield self.cause
        yield Bar(hint_parts(DIFF_ACTIONS, namespace="screen"), id="diff-hints", whole=True)

    def on_mount(self) -> None:
        """Start comparing."""
        self._show()
        self.run_worker(self._compare, thread=True, group="diff", exit_on_error=False)

    def on_resize(self, event: Resize) -> None:
        """Put the list above the sides where there is no room beside them."""
        self.set_class(event.size.width < NARROW, "-narrow")

    def on_diff_screen_compared(self, event: Compared) -> None:
        """Show what is known by now."""
        first = not self.state.differing and event.state.differing
        self.state = event.state
        self.samples.take(event.state)
        self._show()
        if first:
            self.sides.focus()

    def on_diff_samples_shown(self, event: DiffSamples.Shown) -> None:
        """Show both sides of a sample."""
        if event.comparison is not self.sides.comparison:
            self.sides.show(event.comparison)

    def on_diff_view_moved(self, event: DiffView.Moved) -> None:
        """Say what is behind the difference under the cursor."""
        if self.sides.comparison is not None:
            self.cause.say(facts_of(self.sides.comparison, event.index))

    def on_line_list_selected(self, event: DiffSamples.Selected) -> None:
        """Go from the list to the sides."""
        event.stop()
        self.sides.focus()

    def action_step_sample(self, by: int) -> None:
        """Show the next or previous sample that differs."""
        self.samples.action_move(by)

    def action_step_difference(self, by: int) -> None:
        """Go to the next or previous difference, on to another sample at the end of this one."""
        if not self.sides.step(by):
            self.samples.action_move(by)

    def action_close(self) -> None:
        """Go back to the tokens."""
        self.dismiss()

    def _show(self) -> None:
        state, asked = self.state, self.asked
        name = safe(f"{asked.config.path.name} against {asked.spec.name}")
        self.title_bar.left = (Part("DIFF  ", "accent"), Part(name, "strong"))
        agrees = "good" if state.compared else "warn"
        tone = "bad" if state.differing or state.problem else agrees if state.finished else "dim"
        self.title_bar.right = (Part(safe(state.message), tone),)
        self.set_class(not state.differing, "-empty")
        ways = (("d", "another target"), ("escape", "back to the tokens"))
        if state.problem is not None:
            problem = state.problem
            lines = [str(problem.place)] if problem.place else []
            lines += [f"Way out: {problem.fix}"] if problem.fix else []
            self.page.say(problem.message, lines, ways)
        elif not state.differing:
            lines = [f"not compared, the first for: {state.failure}"] if state.failed else []
            self.page.say(state.message, [*lines, *state.notes], ways)

    def _compare(self) -> None:
        worker = get_current_worker()

        def say(state: DiffState) -> None:
            self.post_message(self.Compared(state))

        run_diff(self.asked, self._axolotl, say, lambda: worker.is_cancelled)
