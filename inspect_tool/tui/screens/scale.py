"""The Scale screen: a config on many processes, checked and sized, before it costs anything.

A thread plans, with the axolotl worker for what only axolotl knows, and what it finds is a message.
A rehearsal and the real run are what the command starts, too; the Run screen shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal
from textual.message import Message
from textual.screen import ModalScreen
from textual.worker import get_current_worker

from inspect_tool.errors import InspectError
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.asked import plan_asked
from inspect_tool.scale.fleet import Fleet
from inspect_tool.scale.plan import ScaleOptions, ScalePlan
from inspect_tool.scale.ranks.run import FleetRun
from inspect_tool.scale.starting import launch_of, rehearsal_of
from inspect_tool.tui import ask_scale
from inspect_tool.tui.actions import SCALE_ACTIONS, bindings, hint_parts
from inspect_tool.tui.failures import TellsFailures, WorkFailed
from inspect_tool.tui.own_run import own_rehearsal
from inspect_tool.tui.scale import asked_line, counts, found, numbers
from inspect_tool.tui.screens.run import RunScreen, begin_run
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.page import Page
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.why_page import WhyPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Resize

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.scale.rehearsal.plan import RehearsalPlan
    from inspect_tool.tui.app import InspectApp
    from inspect_tool.tui.own_run import OwnRun
    from inspect_tool.tui.widgets.prompt import Question

PLANNING: Final = "scale"
NARROW: Final = 110
"""Cells below which the findings stand below the numbers."""
PROCESSES: Final = 8


class ScaleScreen(ModalScreen[None], TellsFailures):
    """Shows the plan of the config at ``path``, whose relative paths start from ``cwd``."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(SCALE_ACTIONS))

    @dataclass
    class Made(Message):
        """A plan was made, or why it cannot be; ``notes`` are said once.

        A first one comes at once; what axolotl has to be asked for is not in it.
        """

        options: ScaleOptions
        plan: ScalePlan | None
        problem: InspectError | None = None
        notes: tuple[str, ...] = ()
        first: bool = False

    @dataclass
    class Ready(Message):
        """A rehearsal or the real run can start, or why it cannot."""

        plan: ScalePlan
        what: RehearsalPlan | FleetRun | InspectError

    def __init__(self, path: Path, cwd: Path | None) -> None:
        super().__init__()
        self.path, self.cwd = path, cwd
        self.options = ScaleOptions(processes=PROCESSES)
        self.plan: ScalePlan | None = None
        self.busy = True
        """Whether a plan is being made."""
        self.starting = False
        """Whether a rehearsal or a launch is being got ready."""
        self.title_bar, self.asked = Bar(id="scale-title"), Bar(id="scale-asked")
        self.numbers, self.found = WhyPage(id="scale-numbers"), WhyPage(id="scale-found")
        self.page = Page()

    @property
    def _inspect(self) -> InspectApp:
        app: InspectApp = self.app  # type: ignore[assignment]
        return app

    def compose(self) -> ComposeResult:
        """Lay out numbers beside findings."""
        yield self.title_bar
        yield self.asked
        yield self.page
        with Horizontal(id="scale-body"):
            yield self.numbers
            yield self.found
        yield Bar(hint_parts(SCALE_ACTIONS, namespace="screen"), id="scale-hints", whole=True)

    def on_mount(self) -> None:
        """Start planning."""
        self.add_class("-empty")
        self.page.say("planning", [str(self.path)], ())
        self.replan(self.options)

    def on_resize(self, event: Resize) -> None:
        """Put the findings below the numbers where there is no room beside."""
        self.set_class(event.size.width < NARROW, "-narrow")

    # Actions

    def action_step_processes(self, by: int) -> None:
        """Take twice or half as many processes."""
        now = self.options.processes
        wanted = now * 2 if by > 0 else max(1, now // 2)
        nodes = self.options.nodes if wanted % self.options.nodes == 0 else 1
        self.replan(replace(self.options, processes=wanted, nodes=nodes))

    async def action_fleet(self) -> None:
        """Ask for processes and machines."""
        await self.ask(ask_scale.fleet(self))

    def action_strategy(self) -> None:
        """Choose how the model is split."""
        ask_scale.choose_strategy(self)

    async def action_gpu(self) -> None:
        """Ask for the GPU."""
        await self.ask(ask_scale.gpu(self))

    async def action_tuned_on(self) -> None:
        """Ask for how many processes the YAML is meant."""
        await self.ask(ask_scale.tuned_on(self))

    async def action_model(self) -> None:
        """Ask for another model's config.json."""
        await self.ask(ask_scale.model(self))

    async def action_address(self) -> None:
        """Ask where several machines meet."""
        await self.ask(ask_scale.address(self))

    def action_copy_command(self) -> None:
        """Choose a command to copy."""
        ask_scale.choose_command(self)

    def action_rehearse(self) -> None:
        """Run it, tiny, on one process and on many."""
        self._prepare(rehearsal_of)

    def action_launch(self) -> None:
        """Ask whether to train for real."""
        if self.options.nodes > 1:
            self.notify("each machine starts its own part: c copies its command")
            return
        if self.busy:
            self.notify("axolotl is still asked what it finds; once more when it has answered")
            return
        self._prepare(partial(launch_of, anyway=True))

    def action_other_side(self) -> None:
        """Go from the numbers to the findings, and back."""
        (self.found if self.numbers.has_focus else self.numbers).focus()

    def action_close(self) -> None:
        """Go back to the app."""
        self.dismiss()

    # What the questions call

    def replan(self, options: ScaleOptions) -> None:
        """Plan with other options; raises InspectError for a fleet that cannot be."""
        Fleet(options.processes, options.nodes)
        self.options, self.busy = options, True
        self._describe()
        app = self._inspect
        axolotl = app.background.axolotl if app.may_start_programs and app.confirms else None

        def work() -> None:
            worker = get_current_worker()
            for ask in (None, axolotl) if axolotl else (None,):
                made = self._made(options, ask, first=ask is None and axolotl is not None)
                if worker.is_cancelled or not self.is_running:
                    return
                self.post_message(made)
                if made.problem is not None:
                    return

        self.run_worker(work, thread=True, group=PLANNING, exclusive=True, exit_on_error=False)

    def _made(
        self, options: ScaleOptions, ask: Callable[[], AxolotlWorker] | None, *, first: bool
    ) -> Made:
        notes: list[str] = []
        try:
            plan = plan_asked(self.path, options, cwd=self.cwd, worker=ask, say=notes.append)
        except InspectError as problem:
            return self.Made(options, None, problem)
        return self.Made(options, plan, notes=tuple(notes), first=first)

    async def ask(self, question: Question) -> None:
        """Ask for something in the line above the keys."""
        from inspect_tool.tui.widgets.prompt import PromptBar

        await self.query(PromptBar).remove()
        await self.mount(PromptBar(question), before="#scale-hints")

    async def on_prompt_bar_closed(self) -> None:
        """Put the line away."""
        await self.query("PromptBar").remove()
        self.found.focus()

    def begin(self, own: OwnRun, *, page: str = "run") -> None:
        """Start a run and show it; one comes back here."""
        if begin_run(self._inspect, own):
            self.app.push_screen(RunScreen(own.folder, page))

    # What comes of it

    def on_scale_screen_ready(self, event: Ready) -> None:
        """Start a rehearsal; ask before the real run."""
        what = event.what
        self.starting = False
        self._describe()
        if isinstance(what, InspectError):
            self.notify(safe(str(what)), severity="error", timeout=15, markup=False)
        elif isinstance(what, FleetRun):
            ask_scale.confirm_launch(self, event.plan, what)
        else:
            for note in what.notes:
                self.notify(safe(note.message), markup=False)
            self.begin(own_rehearsal(what))

    def on_scale_screen_made(self, event: Made) -> None:
        """Show the plan; one that cannot be made leaves the one before in place."""
        if event.options is not self.options:
            return
        self.busy = event.first
        for note in event.notes:
            self.notify(safe(note), markup=False)
        if event.plan is not None:
            self._show(event.plan)
        elif self.plan is not None:
            self.options = self.plan.options
            self.notify(safe(str(event.problem)), severity="error", markup=False)
        elif event.problem is not None:
            fix = [f"Way out: {event.problem.fix}"] if event.problem.fix else []
            place = [str(event.problem.place)] if event.problem.place else []
            self.page.say(event.problem.message, [*place, *fix], (("escape", "back"),))
        self._describe()

    def on_work_failed(self, event: WorkFailed) -> None:
        """Wait no longer for what has failed; the app says why."""
        self.busy = self.starting = False
        if self.plan is None:
            self.page.say("This cannot be planned", [event.text], (("escape", "back"),))
        self._describe()

    def _show(self, plan: ScalePlan) -> None:
        first = self.plan is None
        self.plan = plan
        self.remove_class("-empty")
        self.numbers.say(numbers(plan))
        self.found.say(found(plan))
        if first:
            self.found.focus()

    def _prepare(self, of: Callable[[ScalePlan], RehearsalPlan | FleetRun]) -> None:
        plan = self.plan
        own = self._inspect.background.own
        if not self._inspect.may_start_programs:
            self.notify("not from a browser: run inspect-tool in a terminal")
        elif own is not None and own.alive:
            self.notify("another run goes on; D in the app shows it", severity="warning")
        elif plan is not None and plan.options is self.options and not self.starting:
            self.starting = True
            self._describe()

            def work() -> None:
                try:
                    self.post_message(self.Ready(plan, of(plan)))
                except InspectError as problem:
                    self.post_message(self.Ready(plan, problem))

            self.run_worker(work, thread=True, group="start", exit_on_error=False)

    def _describe(self) -> None:
        self.title_bar.left = (Part("SCALE  ", "accent"), Part(safe(self.path.name), "strong"))
        asking = (Part("asking axolotl  ", "dim"),) if self.busy else ()
        asking = (Part("getting ready  ", "accent"),) if self.starting else asking
        self.title_bar.right = (*asking, *(counts(self.plan) if self.plan else ()))
        known = self.plan if self.plan and self.plan.options is self.options else None
        self.asked.left = asked_line(self.options, known)


def open_scale(app: InspectApp) -> None:
    """Open the screen on the config of the tab that is shown."""
    target = app.view.document.target if app.view else None
    if target is None or target.config is None:
        app.notify("no config to scale: open a YAML")
    else:
        app.push_screen(ScaleScreen(target.config.path, target.cwd))
