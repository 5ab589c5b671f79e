"""The page of a run's ranks: how each stands and how fast it is, and the log of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Horizontal
from textual.message import Message

from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.ranks.follow import RanksView
from inspect_tool.scale.ranks.record import Rank, RankState
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.output import OutputLog
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from textual.app import ComposeResult

NONE_YET: Final = "no rank has begun yet; what the launcher says is on page 1"
_TONES: Final = {
    RankState.WAITING: "accent",
    RankState.RUNNING: "accent",
    RankState.FINISHED: "good",
    RankState.FAILED: "bad",
    RankState.DIED: "bad",
}


class RankList(LineList):
    """One line a rank; the cursor is the one whose log is shown."""

    class Shown(Message):
        """The cursor is on another rank."""

    def __init__(self) -> None:
        super().__init__(id="rank-list")
        self.view = RanksView()

    @property
    def rank(self) -> Rank | None:
        """The rank under the cursor."""
        ranks = self.view.ranks
        return ranks[self.cursor] if self.cursor < len(ranks) else None

    def show(self, view: RanksView) -> None:
        """Show how the ranks stand by now."""
        self.view = view
        self.changed()

    def count(self) -> int:
        """Return the number of ranks."""
        return len(self.view.ranks)

    def line(self, index: int) -> tuple[Line, Line]:
        """Return a rank's state, and its pace up to where the ranks meet."""
        rank = self.view.ranks[index]
        left = [Part(f"rank {rank.rank}  ", "strong"), Part(rank.state.value, _TONES[rank.state])]
        if rank.state is RankState.WAITING:
            left.append(Part(f" on port {rank.port}", "accent"))
        if self.view.first_gone is not None and rank.rank == self.view.first_gone.rank:
            left.append(Part(" first", "bad"))
        if rank.message:
            left.append(Part(f": {safe(rank.message, newline=' ')}", "dim"))
        pace = (self.view.paces or {}).get(rank.rank)
        if pace is None:
            return tuple(left), ()
        slow = Part("slowest ", "warn") if rank.rank == self.view.slowest else Part("")
        return tuple(left), (slow, Part(f"step {pace.steps:,}, {pace.seconds:.3f} s each", "dim"))

    def watch_cursor(self, cursor: int) -> None:
        """Have the rank's log shown."""
        super().watch_cursor(cursor)
        self.post_message(self.Shown())


class RanksPane(Horizontal):
    """The ranks beside the log of one."""

    def __init__(self) -> None:
        super().__init__(id="run-ranks")
        self.list, self.log_view = RankList(), OutputLog(id="rank-log")
        self._lines: dict[int, list[str]] = {}
        self._shown: int | None = None

    def compose(self) -> ComposeResult:
        """Lay out both."""
        yield self.list
        yield self.log_view

    def on_mount(self) -> None:
        """Say that there is nothing yet."""
        self.log_view.add([NONE_YET])

    def show(self, view: RanksView) -> None:
        """Take up what is new."""
        self.list.show(view)
        for rank, lines in (view.lines or {}).items():
            self._lines.setdefault(rank, []).extend(lines)
            if rank == self._shown:
                self.log_view.add(lines)
        self.show_log()

    def show_log(self) -> None:
        """Show the log of the rank under the cursor."""
        rank = self.list.rank
        if rank is not None and rank.rank != self._shown:
            self._shown = rank.rank
            self.log_view.clear()
            self.log_view.add(self._lines.get(rank.rank, ()))
