"""What a search across the dataset found, each match in its context, as it comes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from inspect_tool.errors import InspectError
from inspect_tool.samples.glyphs import safe
from inspect_tool.samples.search import Matches, search
from inspect_tool.tui.describe import plural
from inspect_tool.tui.failures import TellsFailures
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from inspect_tool.opened import Opened

BATCH_SECONDS: Final = 0.1
MAX_MATCHES: Final = 1_000_000
"""More than anyone goes through; the search ends there and says so."""
_BEFORE, _AFTER = 8, 40
"""Tokens of context around a match; the width cuts it further."""


@dataclass(frozen=True, eq=False)
class Query:
    """What is searched for, and where."""

    opened: Opened
    needle: str | int
    ignore_case: bool = False

    @property
    def text(self) -> str:
        """Return the query as a person typed it, safe to print."""
        return f"#{self.needle}" if isinstance(self.needle, int) else safe(self.needle)


@dataclass(frozen=True, eq=False)
class Found:
    """Everything found so far; ``rows``, ``tokens``, ``lengths``, ``sequences`` int64[m]."""

    query: Query
    parts: tuple[Matches, ...] = ()
    searched: int = 0
    done: bool = False
    problem: str = ""

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)


class MatchesList(LineList, TellsFailures):
    """Matches in the order of rows; choosing one goes there."""

    @dataclass
    class Progress(Message):
        """More was found, or the search ended."""

        found: Found

        def can_replace(self, message: Message) -> bool:
            """Let a newer state take the place of one that waits."""
            return isinstance(message, MatchesList.Progress)

    @dataclass
    class Chosen(Message):
        """A match is to be shown."""

        query: Query
        row: int
        sequence: int
        token: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.found: Found | None = None
        self._ends = np.zeros(0, dtype=np.int64)

    def begin(self, query: Query) -> None:
        """Search for something else."""
        self.found = Found(query)
        self.cursor = 0
        self.changed()
        self._search(query)

    @property
    def summary(self) -> str:
        """Return how the search stands, in a few words."""
        found = self.found
        if found is None:
            return "ctrl+f searches every row"
        if found.problem:
            return found.problem
        total = found.query.opened.dataset.num_rows
        said = f"{plural(len(found), 'match').replace('matchs', 'matches')} of {found.query.text}"
        if found.done:
            return said if len(found) < MAX_MATCHES else f"the first {said}"
        return f"{said}, {100 * found.searched // max(total, 1)}% searched"

    def count(self) -> int:
        """Return the number of matches, one line at least for the summary."""
        return len(self.found) if self.found and len(self.found) else 1

    def selectable(self, index: int) -> bool:
        """Tell whether there is a match on this line."""
        return self.found is not None and 0 <= index < len(self.found)

    def line(self, index: int) -> tuple[Line, Line]:
        """Return a match in its context."""
        if self.found is None or not len(self.found):
            return (Part(self.summary, "dim"),), ()
        row, sequence, token, length = self._match(index)
        where = Part(f"row {row:,} token {token:,}  ", "dim")
        return (where, *self._surroundings(row, sequence, token, length)), ()

    def changed(self) -> None:
        """Take up what was found since."""
        parts = self.found.parts if self.found else ()
        self._ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        super().changed()

    def on_matches_list_progress(self, event: MatchesList.Progress) -> None:
        """Show what was found, unless it belongs to an earlier search."""
        if self.found is None or event.found.query is not self.found.query:
            event.stop()
            return
        self.found = event.found
        self.changed()

    def on_line_list_selected(self, event: LineList.Selected) -> None:
        """Go to the match."""
        event.stop()
        assert self.found is not None
        row, sequence, token, _ = self._match(event.index)
        self.post_message(self.Chosen(self.found.query, row, sequence, token))

    def _match(self, index: int) -> tuple[int, int, int, int]:
        assert self.found is not None
        number = int(np.searchsorted(self._ends, index, side="right"))
        part = self.found.parts[number]
        at = index - (int(self._ends[number - 1]) if number else 0)
        return int(part.rows[at]), part.sequence, int(part.tokens[at]), int(part.lengths[at])

    def _surroundings(self, row: int, sequence: int, token: int, length: int) -> Line:
        assert self.found is not None
        opened = self.found.query.opened
        try:
            whole = opened.dataset.sample(row).sequences[sequence]
        except (InspectError, IndexError) as problem:
            return (Part(safe(str(problem)), "bad"),)
        if not length:
            return (Part(safe((whole.stored_text or "")[:400])),)
        first = max(0, token - _BEFORE)
        ids = whole.ids[first : token + length + _AFTER]
        if opened.vocabulary is None:
            texts = [f"{number} " for number in ids.tolist()]
        else:
            texts = opened.vocabulary.texts(ids)
        start, stop = token - first, token - first + length
        pieces = ("".join(texts[:start]), "".join(texts[start:stop]), "".join(texts[stop:]))
        before, match, after = (safe(piece) for piece in pieces)
        return (Part(before, "dim"), Part(match, "accent"), Part(after, "dim"))

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _search(self, query: Query) -> None:
        worker = get_current_worker()
        parts: list[Matches] = []
        total, searched, due = 0, 0, time.monotonic() + BATCH_SECONDS
        try:
            for matches in search(
                query.opened.dataset,
                query.opened.vocabulary,
                query.needle,
                ignore_case=query.ignore_case,
            ):
                if worker.is_cancelled:
                    return
                searched = matches.searched
                if len(matches):
                    parts.append(matches)
                    total += len(matches)
                if total >= MAX_MATCHES:
                    break
                if time.monotonic() >= due:
                    self.post_message(self.Progress(Found(query, tuple(parts), searched)))
                    due = time.monotonic() + BATCH_SECONDS
        except InspectError as problem:
            self.post_message(self.Progress(Found(query, problem=safe(str(problem)), done=True)))
            return
        self.post_message(self.Progress(Found(query, tuple(parts), searched, done=True)))
