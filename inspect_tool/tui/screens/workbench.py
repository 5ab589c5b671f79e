"""The main screen: explorer and rows, tabs, inspector, panel and bars, and how they hang together.

Attributes go down, messages come up: whatever a pane posts ends here and changes the active view;
whatever changes in the active view is told to the panes in one place, ``update_panes``.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from inspect_tool.samples.turns import turns_of
from inspect_tool.tui.arrange import Panes, Wishes, arrange
from inspect_tool.tui.chrome import hints, problems_note, rows_title, status_right, tab_titles
from inspect_tool.tui.compositor import ChangesCompositor
from inspect_tool.tui.describe import status_left
from inspect_tool.tui.failures import TellsFailures
from inspect_tool.tui.splits import dataset_path, open_paths, splits_of
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.document_view import DocumentView
from inspect_tool.tui.widgets.explorer import Explorer
from inspect_tool.tui.widgets.inspector import Inspector
from inspect_tool.tui.widgets.page import Page
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.rows import RowsList

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Resize
    from textual.widget import Widget

    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary
    from inspect_tool.tui.document import Document
    from inspect_tool.tui.why_desk import WhyDesk
    from inspect_tool.tui.widgets.matches import MatchesList
    from inspect_tool.tui.widgets.panel import Panel
    from inspect_tool.tui.widgets.problems import ProblemsList
    from inspect_tool.tui.widgets.prompt import PromptBar, Question
    from inspect_tool.tui.widgets.raw_pane import RawView

LONG = 20_000
"""Tokens from which on a sample's turns are found in the background."""

PAUSE_SECONDS = 0.15
"""How long a long sample is looked at before its turns are found."""

PaneName = Literal["explorer", "rows", "inspector"]


class Workbench(Screen[None], TellsFailures):
    """Holds the open tabs in ``views``; ``active`` is the one that is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "focus_main", "Back to the tokens", show=False),
    ]

    def __init__(self, first: Document | None) -> None:
        super().__init__()
        self._compositor = ChangesCompositor()
        self.wishes = Wishes()
        self.views: list[DocumentView] = [self._view_of(first)] if first else []
        self.active: DocumentView | None = self.views[0] if self.views else None
        self.is_shown = False
        """Whether the first screen was painted."""
        self.explorer = Explorer()
        self.rows = RowsList()
        self.inspector = Inspector(id="inspector")
        self._welcome = Page(id="welcome")
        self._side = Vertical(id="side")
        self._explorer_pane = Vertical(id="explorer-pane")
        self._rows_pane = Vertical(id="rows-pane")
        self._warm: TokenSequence | None = None
        """The long sequence whose turns are known, and the one whose are being found."""
        self._warming: TokenSequence | None = None
        self._tabs, self._status = Bar(id="tabs"), Bar(id="status")
        self._rows_title, self._hints = Bar(id="rows-title"), Bar(id="hints", whole=True)
        self._panes = Panes()
        self._making_panel = asyncio.Lock()
        self._why: WhyDesk | None = None

    def compose(self) -> ComposeResult:
        """Lay out every pane but the panel, which is made when first asked for."""
        self._arrange(self.app.size.width, self.app.size.height)
        yield self._tabs
        with Horizontal(id="body"):
            with self._side:
                with self._explorer_pane:
                    yield Bar((Part("EXPLORER", "accent"),), id="explorer-title")
                    yield self.explorer
                with self._rows_pane:
                    yield self._rows_title
                    yield self.rows
            with Vertical(id="centre"), Vertical(id="documents"):
                yield from self.views or (self._welcome,)
            yield self.inspector
        yield self._status
        yield self._hints

    def on_mount(self) -> None:
        """Put the focus on the tokens; the inspector may wait for the first screen."""
        self.update_panes()
        self.focus_main()
        self.call_after_refresh(self._first_screen_shown)

    def on_resize(self, event: Resize) -> None:
        """Fold panes away, or bring them back."""
        self._arrange(event.size.width, event.size.height)
        if self._why is not None:
            self.call_after_refresh(self._why.arrange)
        self.update_panes()

    # Tabs

    async def add(self, document: Document) -> DocumentView:
        """Open a tab and turn to it."""
        view = self._view_of(document)
        self.views.append(view)
        await self.query_one("#documents").mount(view, before=0)
        self.turn_to(view)
        return view

    def turn_to(self, view: DocumentView | None, *, focus: bool = True) -> None:
        """Show another tab, and go there."""
        self.active = view
        for other in self.views:
            other.display = other is view
        self._arrange(self.size.width, self.size.height)
        self.update_panes()
        if focus:
            self.focus_main()

    async def close_tab(self) -> None:
        """Close the tab that is shown."""
        if self.active is None:
            return
        index = self.views.index(self.active)
        closed = self.views.pop(index)
        self.turn_to(self.views[min(index, len(self.views) - 1)] if self.views else None)
        if not self.views and not self._welcome.is_attached:
            await self.query_one("#documents").mount(self._welcome)
        await closed.remove()

    def step_tab(self, steps: int) -> None:
        """Turn to the next or previous tab, around the end."""
        if self.active is not None:
            index = self.views.index(self.active)
            self.turn_to(self.views[(index + steps) % len(self.views)])

    # Panes

    def toggle_pane(self, name: PaneName) -> None:
        """Show a pane and go there; when already there, put it away."""
        pane = self._pane(name)
        shown = pane.region.width > 0 and pane.display and getattr(self._panes, name)
        if shown and (pane.has_focus or not pane.can_focus):
            self.wishes = replace(self.wishes, **{name: False})
        elif not shown:
            self.wishes = replace(self.wishes, **{name: True})
        self._arrange(self.size.width, self.size.height)
        self.update_panes()
        if getattr(self._panes, name) and pane.can_focus:
            pane.focus()
        else:
            self.focus_main()

    async def show_panel(self, page: str | None = None, *, focus: bool = True) -> Panel:
        """Show the panel, on the page named."""
        panel = await self.panel()
        if page is not None:
            panel.page = page
        self.wishes = replace(self.wishes, panel=True)
        self._arrange(self.size.width, self.size.height)
        self.update_panes()
        if focus:
            panel.shown.focus()
        return panel

    def hide_panel(self) -> None:
        """Put the panel away."""
        self.wishes = replace(self.wishes, panel=False)
        self._arrange(self.size.width, self.size.height)
        self.focus_main()

    async def panel(self) -> Panel:
        """Return the panel, made when first asked for."""
        from inspect_tool.tui.widgets.panel import Panel

        async with self._making_panel:
            found = self.query(Panel)
            if found:
                return found.first()
            panel = Panel(id="panel")
            panel.display = False
            await self.query_one("#centre").mount(panel)
            return panel

    async def ask(self, question: Question) -> None:
        """Ask for something in the line below the tokens."""
        from inspect_tool.tui.widgets.prompt import PromptBar

        await self.query(PromptBar).remove()
        await self.query_one("#centre").mount(PromptBar(question), after="#documents")

    async def on_prompt_bar_closed(self, event: PromptBar.Closed) -> None:
        """Put the line away."""
        await self.query("PromptBar").remove()
        if not event.leads_on:
            self.focus_main()

    def action_focus_main(self) -> None:
        """Go back to the tokens; when already there, put the raw row away."""
        main = self.active.main_widget if self.active else None
        if self._why is None or self.focused is not main or not self._why.hide_raw():
            self.focus_main()

    def focus_main(self) -> None:
        """Put the focus where reading goes on."""
        if self.active is not None and self.active.is_mounted:
            self.active.main_widget.focus()
        elif self.active is None:
            self.explorer.focus()

    # Why

    @property
    def why(self) -> WhyDesk:
        """Return who asks why, made when first asked for."""
        from inspect_tool.tui.why_desk import WhyDesk

        if self._why is None:
            self._why = WhyDesk(self, self.app.axolotl)  # type: ignore[attr-defined]
        return self._why

    def on_why_desk_answered(self, event: WhyDesk.Answered) -> None:
        """Take up why of a row."""
        self.why.take(event)

    def on_why_desk_progress(self, event: WhyDesk.Progress) -> None:
        """Say how far the search for a raw row is."""
        self.why.take_progress(event)

    def on_raw_view_token_asked(self, event: RawView.TokenAsked) -> None:
        """Let the tokens follow the raw row."""
        self.why.go_to_token(event.token)

    # What comes up from the panes

    def _view_of(self, document: Document) -> DocumentView:
        return DocumentView(document, on_change=self._view_changed)

    def _view_changed(self, view: DocumentView) -> None:
        if view is self.active:
            self.update_panes()

    @on(RowsList.Selected, "RowsList")
    def _row_selected(self, event: RowsList.Selected) -> None:
        if self.active is not None:
            self.active.row = self.active.document.order.row_at(event.index)
            self.focus_main()

    @on(Explorer.SplitAsked)
    def _split_asked(self, event: Explorer.SplitAsked) -> None:
        for view in self.views:
            if dataset_path(view) == event.split.dataset:
                self.turn_to(view)
                view.row = event.split.first

    def on_explorer_discovered(self) -> None:
        """Say on the welcome page what there is to open."""
        self.update_panes()

    def on_problems_list_row_asked(self, event: ProblemsList.RowAsked) -> None:
        """Show a row with a problem; the list keeps the focus, to go through them."""
        if self.active is not None:
            self.active.row = event.row

    def on_matches_list_chosen(self, event: MatchesList.Chosen) -> None:
        """Show a match in its dataset's tab; the list keeps the focus, to go through them."""
        for view in self.views:
            opened = view.document.opened
            if opened is not None and opened.dataset is event.query.opened.dataset:
                if view is not self.active:
                    self.turn_to(view, focus=False)
                view.show_match(event.row, event.sequence, event.token, event.query.needle)
                return
        self.notify("the dataset of these matches is closed; ctrl+f searches again")

    # What goes down to the panes

    def update_panes(self) -> None:
        """Tell every pane what the active view shows now."""
        if not self.is_mounted:
            return
        view = self.active
        document = view.document if view else None
        self._tabs.left = tab_titles(self.views, view)
        self._status.left, self._status.right = status_left(document), status_right(view)
        self._hints.left = hints(document)
        self._welcome.display = view is None
        if view is None:
            self._welcome.welcome(self.explorer.workspace)
        self._rows_title.left, self._rows_title.right = rows_title(document)
        self._update_rows()
        self._update_inspector()
        self._update_explorer()
        self._update_panel()
        if self._why is not None:
            self._why.follow()

    def _update_rows(self) -> None:
        if not self._panes.rows:
            return
        rows, view = self.rows, self.active
        document = view.document if view else None
        if rows.document is not document:
            rows.document = document
        rows.current = view.row if view else 0

    def _first_screen_shown(self) -> None:
        self.is_shown = True
        self.update_panes()

    def _update_inspector(self) -> None:
        view = self.active
        if view is None or not self.is_shown or not self._panes.inspector:
            return
        opened, sequence = view.document.opened, view.sequence
        if view.sample is None or opened is None or sequence is None or view.tokens is None:
            self.inspector.clear()
            return
        known = len(sequence) <= LONG or sequence is self._warm
        vocabulary, cursor = opened.vocabulary, view.tokens.cursor
        why = self._why.line(view) if self._why else ()
        self.inspector.show(view.sample, view.active, cursor, vocabulary, turns=known, why=why)
        if not known and sequence is not self._warming:
            self._warming = sequence
            self.set_timer(PAUSE_SECONDS, partial(self._warm_up, sequence, vocabulary))

    def _warm_up(self, sequence: TokenSequence, vocabulary: Vocabulary | None) -> None:
        """Find the turns of a long sequence, if it is still what is shown."""
        if sequence is self._warming:
            self._find_turns(sequence, vocabulary)

    @work(thread=True, exclusive=True, group="inspect", exit_on_error=False)
    def _find_turns(self, sequence: TokenSequence, vocabulary: Vocabulary | None) -> None:
        turns_of(sequence, vocabulary)  # remembered, for the inspector to ask again
        self.app.call_from_thread(self._warmed_up, sequence)

    def _warmed_up(self, sequence: TokenSequence) -> None:
        if sequence is self._warming:
            self._warm, self._warming = sequence, None
            self._update_inspector()

    def _update_explorer(self) -> None:
        splits = [split for view in self.views for split in splits_of(view)]
        paths = [path for view in self.views for path in open_paths(view)]
        self.explorer.show_open(paths, splits)

    def _update_panel(self) -> None:
        from inspect_tool.tui.widgets.panel import Panel

        for panel in self.query(Panel):
            document = self.active.document if self.active else None
            panel.problems.findings = document.known_findings if document else ()
            panel.problems.note = problems_note(document)
            panel.update_titles()

    def _pane(self, name: PaneName) -> Widget:
        panes: dict[PaneName, Widget] = {
            "explorer": self.explorer,
            "rows": self.rows,
            "inspector": self.inspector,
        }
        return panes[name]

    def _arrange(self, width: int, height: int) -> None:
        document = self.active.document if self.active else None
        dataset = document is not None and document.opened is not None
        panes = arrange(width, height, self.wishes, dataset=dataset)
        if panes == self._panes:
            return
        self._panes = panes
        self._side.display = panes.explorer or panes.rows
        self._side.styles.width = panes.side_width
        self._explorer_pane.display = panes.explorer
        self._rows_pane.display = panes.rows
        self.inspector.display = panes.inspector
        self.inspector.styles.width = panes.inspector_width
        self.set_class(panes.inspector, "-inspector")
        for panel in self.query("#panel"):
            panel.display = panes.panel_height > 0
            panel.styles.height = panes.panel_height
