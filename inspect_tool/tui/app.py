"""The app: opens what it is given, and carries out the actions of the table."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.message import Message

from inspect_tool.samples.glyphs import safe
from inspect_tool.samples.row_order import RowOrder
from inspect_tool.tui import questions
from inspect_tool.tui.actions import ACTIONS, bindings, spoken
from inspect_tool.tui.background import Background
from inspect_tool.tui.document import Document, Request, open_document
from inspect_tool.tui.screens.workbench import Workbench
from inspect_tool.tui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.screen import Screen

    from inspect_tool.tui.widgets.document_view import DocumentView
    from inspect_tool.tui.widgets.explorer import Explorer

OUTPUT_SECONDS = 0.15
"""How often the output panel takes up what programs said."""


class InspectApp(App[int]):
    """The inspector on one path; everything slow starts after the first screen is painted."""

    TITLE = "inspect-tool"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = list(bindings())

    @dataclass
    class DocumentOpened(Message):
        """Something was opened in the background; ``instead`` is the view that it belongs in."""

        document: Document
        instead: DocumentView | None = None

    def __init__(self, request: Request, *, confirms: bool = True) -> None:
        """``confirms``: axolotl is asked in the background whether config and dataset agree."""
        super().__init__()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self.request = request
        self.background = Background(self)
        self.confirms = confirms
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

    def on_mount(self) -> None:
        """Start what may take its time, once the first screen is there."""
        self.call_after_refresh(self._settle_in)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield every action for the command palette."""
        for action in ACTIONS:
            if action.id == "command_palette":
                continue
            keys = "  ".join(map(spoken, action.keys))
            yield SystemCommand(action.title, keys, self._runner(action.id))
        yield from questions.token_commands(self.view)

    # Opening

    def open(self, request: Request, *, instead: DocumentView | None = None) -> None:
        """Open a path in the background, in a tab of its own or in place of another."""
        for view in self.workbench.views:
            if instead is None and view.document.request.path == request.path:
                self.workbench.turn_to(view)
                return
        self.run_worker(
            lambda: self._open(request, instead), thread=True, group="open", exit_on_error=False
        )

    async def on_inspect_app_document_opened(self, event: DocumentOpened) -> None:
        """Show what was opened."""
        document = event.document
        if event.instead is not None and event.instead.is_mounted:
            event.instead.document = document
            event.instead.row = min(event.instead.row, max(document.order.total - 1, 0))
            view = event.instead
            self.workbench.turn_to(view)
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
        gc.enable()
        self.set_interval(OUTPUT_SECONDS, self._show_lines)
        explorer = self.workbench.explorer
        explorer.look(explorer_root(self._first))
        for view in self.workbench.views:
            self._begin_work(view)

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

    def on_background_confirmed(self, event: Background.Confirmed) -> None:
        """Say whether the config is the right one, and show the dataset that is really its own."""
        view, opened = event.view, event.view.document.opened
        if opened is None or opened.target is not event.asked:
            return
        opened = event.reopened or opened.with_target(event.target)
        document = replace(view.document.with_opened(opened), confirming=False)
        if event.reopened is not None:
            document = replace(document, order=RowOrder(len(opened.dataset)), table=None)
            self.notify(event.target.message, markup=False)
        view.document = document
        if event.reopened is not None:
            view.count_rows()

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
        """Open what was prepared, or say why nothing was."""
        if event.problem is not None:
            self.notify(safe(str(event.problem)), severity="error", timeout=15, markup=False)
        elif event.view.is_mounted:
            self.open(event.view.document.request, instead=event.view)

    async def on_unmount(self) -> None:
        """End what was started; nothing outlives the app."""
        await asyncio.to_thread(self.background.close)

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

    def on_explorer_asked(self, event: Explorer.Asked) -> None:
        """Open what was chosen in the explorer."""
        self.open(Request(event.path, tokenizer=self.request.tokenizer))

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
        await self.workbench.show_panel(page)

    def action_toggle_theme(self) -> None:
        """Switch between light and dark."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

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
            self.notify("no row with a problem is known")

    def _find_again(self, *, forward: bool) -> None:
        if self.view is None or self.view.needle is None:
            self.notify("nothing was searched for yet; / finds in the sample")
            return
        if self.view.find(self.view.needle, forward=forward) is None:
            self.notify("not in this sample", markup=False)


def explorer_root(document: Document) -> Path:
    """Return the folder that the explorer shows for what was opened first."""
    target = document.target
    if target is None:
        return Path.cwd()
    if target.config is not None or document.is_directory:
        return target.cwd
    return target.path if target.path.is_dir() else target.path.parent


def run_app(path: Path | None, *, config: Path | None = None, tokenizer: str | None = None) -> int:
    """Run the app on a path (default: the current directory) and return the exit status.

    Raises InspectError for a path that does not exist; what else is wrong with it shows in the app.
    Until the first screen is painted nothing is collected: what was made by then stays.
    """
    asked = (path or Path.cwd()).absolute()
    if not asked.exists():
        from inspect_tool.runs.target import resolve

        resolve(asked)
    gc.disable()
    try:
        app = InspectApp(Request(asked, config, tokenizer))
        app.run()
    finally:
        gc.enable()
    return app.return_code or 0
