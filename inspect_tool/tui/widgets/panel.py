"""The panel below: problems, search results, output and why, one of them at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Vertical
from textual.reactive import reactive

from inspect_tool.tui.document import NOT_RUN
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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.titles = Bar(id="panel-titles")
        self.problems = ProblemsList(id="problems")
        self.matches = MatchesList(id="matches")
        self.output = OutputLog(id="output")
        self.why = WhyPage(id="why")

    def compose(self) -> ComposeResult:
        """Lay out the titles and the pages."""
        yield self.titles
        yield from self.pages.values()

    @property
    def pages(self) -> dict[str, Widget]:
        """Return the pages by id, also while the panel comes and goes."""
        return {
            "problems": self.problems,
            "matches": self.matches,
            "output": self.output,
            "why": self.why,
        }

    @property
    def shown(self) -> Widget:
        """Return the page that is shown."""
        return self.pages[self.page]

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
        self.titles.left = tuple(titles)
        self.titles.right = (Part("×", "dim", "app.toggle_panel"),)

    def _note(self, page: str) -> str:
        if page == "problems":
            count = sum(finding.code != NOT_RUN for finding in self.problems.findings)
            return f" {count}   " if count else "   "
        if page == "matches" and self.matches.found is not None:
            return f" {self.matches.summary}   "
        return "   "

    def _turn_to(self, page: str) -> None:
        for name, shown in self.pages.items():
            shown.display = name == page
        self.update_titles()
