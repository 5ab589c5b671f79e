"""The app: opens what it is given, and carries out the actions of the table."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand

from inspect_tool.tui import questions
from inspect_tool.tui.actions import ACTIONS, bindings, spoken
from inspect_tool.tui.document import Request
from inspect_tool.tui.session import Session
from inspect_tool.tui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.screen import Screen


SWITCH_SECONDS = 0.0005
"""How long work in the background may keep the interpreter from the thread that paints.

Python's own 5 ms are waited for again after every call that lets go of the interpreter.
"""


class InspectApp(Session):
    """The inspector on one path; what each key does is here, what goes on behind in ``Session``."""

    TITLE = "inspect-tool"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield every action for the command palette."""
        for action in ACTIONS:
            if action.id == "command_palette":
                continue
            keys = "  ".join(map(spoken, action.keys))
            yield SystemCommand(action.title, keys, self._runner(action.id))
        yield from questions.token_commands(self.view)

    # Actions: samples

    def action_next_sample(self) -> None:
        """Show the next row in the list's order."""
        self._step(1)

    def action_previous_sample(self) -> None:
        """Show the previous row in the list's order."""
        self._step(-1)

    def action_next_problem(self) -> None:
        """Show the next row with a problem."""
        self._step_problem(forward=True)

    def action_previous_problem(self) -> None:
        """Show the previous row with a problem."""
        self._step_problem(forward=False)

    async def action_go_to_row(self) -> None:
        """Ask for a row number."""
        if self.view is not None and self.view.document.opened is not None:
            await self.workbench.ask(questions.go_to_row(self.view))

    def action_sort(self) -> None:
        """Ask for an order."""
        if self.view is not None and self.view.document.opened is not None:
            questions.choose_sort(self, self.view)

    async def action_filter(self) -> None:
        """Ask for a filter."""
        if self.view is not None and self.view.document.opened is not None:
            await self.workbench.ask(questions.filter_rows(self.view))

    # Actions: find

    async def action_find(self) -> None:
        """Ask for something to find in the sample."""
        if self.view is not None and self.view.document.opened is not None:
            await self.workbench.ask(questions.find(self.view))

    def action_find_next(self) -> None:
        """Go to the next match."""
        self._find_again(forward=True)

    def action_find_previous(self) -> None:
        """Go to the previous match."""
        self._find_again(forward=False)

    async def action_search(self) -> None:
        """Ask for something to find in every row."""
        if self.view is not None and self.view.document.opened is not None:
            await self.workbench.ask(questions.search(self))

    # Actions: why

    async def action_explain(self) -> None:
        """Say why the token under the cursor is trained or masked."""
        if self.view is not None and self.view.sample is not None:
            await self.workbench.why.show()

    async def action_raw_row(self) -> None:
        """Go to the raw row that the sample was made from, or back."""
        if self.view is not None and self.view.sample is not None:
            await self.workbench.why.toggle_raw()

    def action_diff(self) -> None:
        """Hold what training saw against what inference sends."""
        from inspect_tool.tui.ask_diff import choose_target

        choose_target(self)

    def action_live(self) -> None:
        """Render the raw rows of the config as they are now, and again on every save."""
        from inspect_tool.tui.screens.live import open_live

        open_live(self)

    # Actions: runs

    def action_debug(self) -> None:
        """Plan a debug run of the config, or show the one that goes on."""
        from inspect_tool.tui.screens.plan import open_plan

        open_plan(self)

    def action_scale(self) -> None:
        """Check and size the config on many processes."""
        from inspect_tool.tui.screens.scale import open_scale

        open_scale(self)

    # Actions: datasets

    async def action_open(self) -> None:
        """Ask for a path to open."""
        await self.workbench.ask(questions.open_path(self))

    def action_choose_config(self) -> None:
        """Let the person say which config the dataset belongs to."""
        if self.view is not None:
            questions.choose_config(self, self.view)

    async def action_tokenizer(self) -> None:
        """Ask for a tokenizer."""
        if self.view is not None:
            await self.workbench.ask(questions.tokenizer(self, self.view))

    async def action_prepare(self) -> None:
        """Prepare the dataset of the config that is open, or end that."""
        target = self.view.document.target if self.view else None
        if self.background.preparing is not None:
            questions.end_preparing(self, self.background.preparing)
        elif not self.may_start_programs:
            self.notify("not from a browser: run inspect-tool in a terminal")
        elif self.view is None or target is None or target.config is None:
            self.notify("no config to prepare: open a YAML")
        else:
            await self.workbench.show_panel("output", focus=False)
            self.background.prepare(self.view, target.config, target.cwd)

    def action_reload(self) -> None:
        """Open again what is on disk."""
        self.workbench.explorer.look(self.workbench.explorer.root)
        if self.view is not None:
            self.open(self.view.document.request, instead=self.view)

    def action_next_tab(self) -> None:
        """Turn to the next tab."""
        self.workbench.step_tab(1)

    def action_previous_tab(self) -> None:
        """Turn to the previous tab."""
        self.workbench.step_tab(-1)

    def action_turn_to_tab(self, index: int) -> None:
        """Turn to a tab by its number."""
        self.workbench.turn_to(self.workbench.views[index])

    async def action_close_tab(self) -> None:
        """Close the tab that is shown."""
        await self.workbench.close_tab()

    # Actions: view

    def action_toggle_explorer(self) -> None:
        """Show the explorer, or put it away."""
        self.workbench.toggle_pane("explorer")

    def action_toggle_rows(self) -> None:
        """Show the list of rows, or put it away."""
        self.workbench.toggle_pane("rows")

    def action_toggle_inspector(self) -> None:
        """Show the inspector, or put it away."""
        self.workbench.toggle_pane("inspector")

    async def action_toggle_panel(self) -> None:
        """Show the panel, or put it away."""
        if self.workbench.wishes.panel:
            self.workbench.hide_panel()
        else:
            await self.workbench.show_panel()

    async def action_show_panel(self, page: str) -> None:
        """Show a page of the panel."""
        if page == "why":
            await self.workbench.why.show()
        await self.workbench.show_panel(page)

    def action_toggle_theme(self) -> None:
        """Switch between light and dark."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    async def action_quit(self) -> None:
        """End the app, and what it started; a person's own training only when they say so."""
        own = self.background.own
        if own is not None and own.alive and own.trains:
            questions.quit_training(self)
        else:
            self.exit()

    def action_help(self) -> None:
        """Show every key."""
        from inspect_tool.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    # Inside

    def _runner(self, action: str) -> questions.Runner:
        async def run() -> None:
            await self.run_action(f"app.{action}")

        return run

    def _step(self, steps: int) -> None:
        if self.view is not None and not self.view.step(steps):
            self.notify("no row after this one" if steps > 0 else "no row before this one")

    def _step_problem(self, *, forward: bool) -> None:
        if self.view is not None and not self.view.step_problem(forward=forward):
            yet = " yet" if self.view.document.counted is not None else ""
            self.notify(f"no row is known to have an error or a warning{yet}; 1 lists all remarks")

    def _find_again(self, *, forward: bool) -> None:
        if self.view is None or self.view.needle is None:
            self.notify("nothing was searched for yet; / finds in the sample")
            return
        if self.view.find(self.view.needle, forward=forward) is None:
            self.notify("not in this sample", markup=False)


def run_app(
    path: Path | None,
    *,
    config: Path | None = None,
    tokenizer: str | None = None,
    live: bool = False,
) -> int:
    """Run the app on a path (default: the current directory) and return the exit status.

    ``live`` opens the Live screen at once. Raises InspectError for a path that does not exist; what
    else is wrong with it shows in the app.
    Garbage is collected between keys, not when Python thinks it is time (garbage.py).
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    asked = (path or Path.cwd()).absolute()
    if not asked.exists():
        from inspect_tool.runs.target import resolve

        resolve(asked)
    gc.disable()
    try:
        app = InspectApp(Request(asked, config, tokenizer, live))
        app.run()
    finally:
        gc.freeze()
        gc.enable()
    return app.return_code or 0
