"""The panel below: problems, search results, output and why, one of them at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Vertical
from textual.reactive import reactive

from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.matches import MatchesList
from inspect_tool.tui.widgets.output import OutputLog
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.problems import ProblemsList
from inspect_tool.tui.widgets.why_page import WhyPage

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

PAGES: Final = {
    "problems": "1 PROBLEMS",
    "matches": "2 SEARCH",
    "output": "3 OUTPUT",
    "why": "4 WHY",
}
"""The panel's pages by id, each titled with the key that shows it."""


class Panel(Vertical):
    """Shows the page named by ``page`` under a bar of titles."""

    page: reactive[str] = reactive("problems")

    def compose(self) -> ComposeResult:
        """Lay out the titles and the pages."""
        yield Bar(id="panel-titles")
        yield ProblemsList(id="problems")
        yield MatchesList(id="matches")
        yield OutputLog(id="output")
        yield WhyPage(id="why")

    @property
    def problems(self) -> ProblemsList:
        """Return the list of findings."""
        return self.query_one(ProblemsList)

    @property
    def matches(self) -> MatchesList:
        """Return the list of search results."""
        return self.query_one(MatchesList)

    @property
    def output(self) -> OutputLog:
        """Return the output of other programs."""
        return self.query_one(OutputLog)

    @property
    def why(self) -> WhyPage:
        """Return why the token under the cursor is as it is."""
        return self.query_one(WhyPage)

    @property
    def shown(self) -> Widget:
        """Return the page that is shown."""
        return self.query_one(f"#{self.page}")

    def watch_page(self, page: str) -> None:
        """Show another page."""
        if self.is_mounted:
            self._turn_to(page)

    def on_mount(self) -> None:
        """Show the first page."""
        self._turn_to(self.page)

    def on_matches_list_progress(self) -> None:
        """Say how the search stands."""
        self.update_titles()

    def update_titles(self) -> None:
        """Say what is on the pages."""
        titles: list[Part] = []
        for page, title in PAGES.items():
            chosen = page == self.page
            tone = "accent" if chosen else "dim"
            titles += [
                Part(title, tone, f"app.show_panel('{page}')"),
                Part(self._note(page), "dim"),
            ]
        bar = self.query_one("#panel-titles", Bar)
        bar.left = tuple(titles)
        bar.right = (Part("×", "dim", "app.toggle_panel"),)

    def _note(self, page: str) -> str:
        if page == "problems":
            count = len(self.problems.findings)
            return f" {count}   " if count else "   "
        if page == "matches" and self.matches.found is not None:
            return f" {self.matches.summary}   "
        return "   "

    def _turn_to(self, page: str) -> None:
        for name in PAGES:
            self.query_one(f"#{name}").display = name == page
        self.update_titles()
