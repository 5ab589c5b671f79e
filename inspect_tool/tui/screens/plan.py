"""The Plan screen: a config and the debug run that would follow from it, before anything runs.

Both YAMLs side by side with a reason for every change; each can be taken back or set otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.worker import get_current_worker

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.overrides.draft import parse_setting
from inspect_tool.runs.plan_sides import SideLine
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui import ask_plan, plan_options
from inspect_tool.tui.actions import PLAN_ACTIONS, bindings, hint_parts
from inspect_tool.tui.failures import TellsFailures, WorkFailed
from inspect_tool.tui.plan import (
    Planned,
    as_ever,
    counts,
    facts_of,
    make_planned,
    place_of,
    setting,
    summary,
    toggled,
    with_options,
)
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.page import Page
from inspect_tool.tui.widgets.parts import Part, fitted
from inspect_tool.tui.widgets.plan_view import BAR, MARGINS, PlanView
from inspect_tool.tui.widgets.why_page import WhyPage

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from inspect_tool.tui.app import InspectApp
    from inspect_tool.tui.screens.plan_options import PlanOptionsScreen
    from inspect_tool.tui.widgets.prompt import Question

PLANNING = "planning"


class PlanScreen(ModalScreen[None], TellsFailures):
    """Shows the plan of ``chosen`` and changes it; enter starts it."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(PLAN_ACTIONS))

    @dataclass
    class Made(Message):
        """The plan of ``asked`` was derived; with ``start`` it is to be run."""

        asked: Chosen
        planned: Planned
        start: bool = False

    def __init__(self, chosen: Chosen, *, instead: Chosen | None = None) -> None:
        """``instead`` is planned where the first plan cannot be made."""
        super().__init__()
        self.chosen, self._instead = chosen, instead
        self.planned: Planned | None = None
        self.busy = True
        """Whether a plan is being derived."""
        self.form: PlanOptionsScreen | None = None
        """The options, once they were shown."""
        self.title_bar = Bar(id="plan-title")
        self.facts = (Bar(id="plan-what"), Bar(id="plan-where"))
        self.columns, self.view = Bar(id="plan-columns"), PlanView()
        self.reason, self.page = WhyPage(id="plan-reason"), Page()

    def compose(self) -> ComposeResult:
        """Lay out both sides over the reason of the line under the cursor."""
        yield self.title_bar
        yield self.page
        with Vertical(id="plan-body"):
            yield from self.facts
            yield self.columns
            yield self.view
            yield self.reason
        yield Bar(hint_parts(PLAN_ACTIONS, namespace="screen"), id="plan-hints", whole=True)

    def on_mount(self) -> None:
        """Start planning."""
        self.page.say("planning", [str(self.chosen.config)], ())
        self.add_class("-empty")
        self._describe()
        self._plan(self.chosen)

    def on_resize(self, event: Resize) -> None:
        """Head the columns where they stand now."""
        width = max((event.size.width - 1 - MARGINS - BAR.width) // 2, 8)
        yours = fitted((Part(f"  {safe(self.chosen.config.name)}", "accent"),), (), width)
        self.columns.left = (*yours, BAR, Part("  what axolotl will read", "accent"))

    # Actions

    def action_start(self) -> None:
        """Plan once more, so that folder and port are still free, and run it."""
        if self.planned is None or self.planned.plan is None or self.busy:
            return
        errors = self.planned.plan.errors
        if errors:
            self.notify(safe(f"cannot start: {errors[0].message}"), severity="error", markup=False)
            return
        self._plan(self.planned.chosen, start=True)

    def action_toggle_keep(self) -> None:
        """Take the changes of this line back, or let them be made again."""
        item = self.view.item
        if self.planned is None or self.busy or not isinstance(item, SideLine):
            return
        try:
            self._plan(toggled(self.planned.chosen, item))
        except InspectError as problem:
            self.notify(safe(str(problem)), markup=False)

    async def action_set_value(self) -> None:
        """Ask for a key and its value."""
        item = self.view.item
        begin = setting(self.planned, item if isinstance(item, SideLine) else None)
        await self.ask(ask_plan.set_value(self, begin))

    def action_step_change(self, by: int) -> None:
        """Go to the next or previous change."""
        self.view.step(by)

    def action_toggle_debugger(self) -> None:
        """Wait for a debugger, or just run."""
        self.change(debugger=not self.chosen.options.debugger)

    def action_stops(self) -> None:
        """Choose named stops."""
        ask_plan.choose_stops(self)

    async def action_breaks(self) -> None:
        """Ask for lines to stop at."""
        await self.ask(plan_options.breaks(self))

    def action_options(self) -> None:
        """Show every option."""
        from inspect_tool.tui.screens.plan_options import PlanOptionsScreen

        self.form = PlanOptionsScreen(self)
        self.app.push_screen(self.form)

    def action_model(self) -> None:
        """Choose what is trained."""
        ask_plan.choose_model(self)

    async def action_amounts(self) -> None:
        """Ask for steps and rows."""
        await self.ask(ask_plan.amounts(self))

    def action_copy_command(self) -> None:
        """Copy the command that asks for the same run."""
        command = (self.planned.chosen if self.planned else self.chosen).command()
        self.app.copy_to_clipboard(command)
        self.notify(safe(command, newline=" "), title="copied", markup=False)

    def action_close(self) -> None:
        """Go back to the tokens."""
        self.dismiss()

    # What the questions call

    def change(self, **options: object) -> None:
        """Plan with other options."""
        self._plan(with_options(self.chosen, **options))

    def set_key(self, text: str) -> None:
        """Plan with ``key=value`` set; raises InspectError for anything else."""
        key, value = parse_setting(text)
        given = {**self.chosen.options.given, key: value}
        keep = tuple(kept for kept in self.chosen.options.keep if kept != key)
        self.change(given=given, keep=keep)

    def replan(self, chosen: Chosen) -> None:
        """Plan something else."""
        self._plan(chosen)

    async def ask(self, question: Question) -> None:
        """Ask for something in the line above the keys."""
        from inspect_tool.tui.widgets.prompt import PromptBar

        await self.query(PromptBar).remove()
        await self.mount(PromptBar(question), before="#plan-hints")

    async def on_prompt_bar_closed(self) -> None:
        """Put the line away."""
        await self.query("PromptBar").remove()
        self.view.focus()

    # What comes of it

    def on_plan_view_moved(self, event: PlanView.Moved) -> None:
        """Say what is behind the line under the cursor."""
        if self.planned is not None:
            self.reason.say(facts_of(self.planned, event.item))

    def on_plan_screen_made(self, event: Made) -> None:
        """Show the plan; one that cannot be made leaves the one before in place."""
        if event.asked is not self.chosen:
            return  # something else was asked for since
        self.busy = False
        planned = event.planned
        for note in planned.notes:
            self.notify(safe(note), markup=False)
        if planned.problem is not None and self.planned is not None:
            self.chosen = self.planned.chosen
            self.notify(safe(str(planned.problem)), severity="error", markup=False)
            self._describe()
            return
        instead, self._instead = self._instead, None
        if planned.problem is not None and instead is not None:
            self.notify(safe(f"not as the last time: {planned.problem}"), markup=False)
            self._plan(instead)
            return
        self.chosen = planned.chosen
        self.planned = planned if planned.problem is None else None
        self._describe()
        if planned.problem is not None:
            self._show_problem(planned.problem)
        else:
            self._show(planned)
            if event.start:
                self._start(planned)

    def on_work_failed(self, event: WorkFailed) -> None:
        """Wait no longer for a plan that has failed; the app says why."""
        self.busy = False
        if self.planned is None:
            self.page.say("This cannot be planned", [event.text], (("escape", "back"),))
        else:
            self.chosen = self.planned.chosen
        self._describe()

    def _show(self, planned: Planned) -> None:
        self.remove_class("-empty")
        for bar, line in zip(self.facts, summary(planned), strict=True):
            bar.left = line
        self.view.show(planned)
        self.reason.say(facts_of(planned, self.view.item))
        if not self.query("PromptBar"):
            self.view.focus()

    def _show_problem(self, problem: InspectError) -> None:
        lines = [str(problem.place)] if problem.place else []
        lines += [f"Way out: {problem.fix}"] if problem.fix else []
        self.page.say(problem.message, lines, (("escape", "back"),))

    def _describe(self) -> None:
        plan = self.planned.plan if self.planned else None
        title = [Part("DEBUG  ", "accent"), Part(safe(self.chosen.config.name), "strong")]
        if plan is not None:
            title.append(Part(f"  writes only {place_of(plan)}", "dim"))
        self.title_bar.left = tuple(title)
        if self.busy:
            self.title_bar.right = (Part("planning", "dim"),)
        else:
            self.title_bar.right = counts(self.planned) if self.planned else ()
        if self.form is not None and self.form.is_attached:
            self.form.list.changed()

    def _start(self, planned: Planned) -> None:
        from inspect_tool.tui.own_run import own_debug
        from inspect_tool.tui.screens.run import RunScreen, begin_run

        app: InspectApp = self.app  # type: ignore[assignment]
        plan = planned.plan
        if plan is not None and not plan.errors and begin_run(app, own_debug(plan)):
            app.background.chosen = as_ever(self.chosen)
            app.switch_screen(RunScreen(plan.folder))

    def _plan(self, chosen: Chosen, *, start: bool = False) -> None:
        self.chosen, self.busy = chosen, True
        self._describe()

        def work() -> None:
            worker = get_current_worker()
            planned = make_planned(chosen)
            if not worker.is_cancelled:
                self.post_message(self.Made(chosen, planned, start))

        self.run_worker(work, thread=True, group=PLANNING, exclusive=True, exit_on_error=False)


def open_plan(app: InspectApp) -> None:
    """Open the screen on the config of the tab that is shown, or the run that goes on."""
    from inspect_tool.tui.screens.run import RunScreen

    own = app.background.own
    target = app.view.document.target if app.view else None
    if not app.may_start_programs:
        app.notify("not from a browser: run inspect-tool in a terminal")
    elif own is not None and own.alive:
        app.push_screen(RunScreen(own.folder))
    elif target is None or target.config is None:
        app.notify("no config to debug: open a YAML")
    else:
        usual = Chosen(target.config.path, cwd=target.cwd)
        last = app.background.chosen
        same = last is not None and last.config == usual.config
        app.push_screen(PlanScreen(last, instead=usual) if last and same else PlanScreen(usual))
