"""The turns of whole stretches of rows at once, told by the tokens that open them.

What ``samples.turns`` does for the one sequence that a person looks at, for every row there is.
Templates that mark turns with plain text have no turns here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from inspect_tool.samples.checks.follower import GOING, Follower

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inspect_tool.samples.checks.markers import Markers
    from inspect_tool.samples.views import SequenceView
    from inspect_tool.samples.vocabulary import Vocabulary

    Flags = NDArray[np.bool_]
    Places = NDArray[np.int64]


class Role(IntEnum):
    """Who speaks in a turn."""

    OTHER = 0
    SYSTEM = 1
    USER = 2
    ASSISTANT = 3
    TOOL = 4


NAMES: Final = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "human": Role.USER,
    "assistant": Role.ASSISTANT,
    "gpt": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "bot": Role.ASSISTANT,
    "chatbot": Role.ASSISTANT,
    "tool": Role.TOOL,
    "tools": Role.TOOL,
    "function": Role.TOOL,
    "ipython": Role.TOOL,
    "environment": Role.TOOL,
    "observation": Role.TOOL,
}
"""Role names as templates write them."""

BLANK_TOKENS: Final = 3
"""Tokens of white space that an empty turn may hold."""

_NAME: Final = re.compile(r"[\s<|]*([A-Za-z]*)")
_HEADER_ENDS: Final = re.compile(r"\n|\|>")
_LONGEST_HEADER: Final = 40


@dataclass(frozen=True, eq=False, slots=True)
class Conversation:
    """Turns in order, one entry each, all int64[t].

    ``opener`` is the turn's first token, ``content`` the first after its header, ``end`` the end
    token of its text (or ``stop`` if it has none), ``stop`` the next opener or the row's end.
    ``row`` counts in the view, ``role`` is a ``Role``. ``trained`` counts the trained tokens of
    ``[content, end)``; ``blank`` bool[t] tells where that is white space alone, or nothing.
    """

    opener: Places
    content: Places
    end: Places
    stop: Places
    row: Places
    role: Places
    trained: Places
    blank: Flags

    def __len__(self) -> int:
        return len(self.opener)

    @property
    def ended(self) -> Flags:
        """Return which turns have an end token, bool[t]."""
        return np.asarray(self.end < self.stop)


def converse(view: SequenceView, openers: Places, stops: Places, markers: Markers) -> Conversation:
    """Return the turns that ``openers`` begin; ``stops`` are the view's end tokens."""
    row = view.row_of(openers)
    limit = view.stops[row].astype(np.int64)
    stop = np.minimum(np.append(openers, np.iinfo(np.int64).max)[1:], limit)
    named = np.array([markers.openers[i] for i in view.ids[openers].tolist()], dtype=object)
    role = np.array([NAMES.get(name, Role.OTHER) for name in named], dtype=np.int64)
    content = openers + 1
    written = named == ""
    if written.any():
        role[written], content[written] = _headers(
            view, openers[written] + 1, stop[written], markers
        )
    following = np.searchsorted(stops, content)
    end = np.minimum(np.append(stops, np.iinfo(np.int64).max)[following], stop)
    trained = view.trained_before(end) - view.trained_before(np.minimum(content, end))
    blank = _blank(view, content, end, markers)
    return Conversation(openers, content, end, stop, row, role, trained, blank)


def _blank(view: SequenceView, content: Places, end: Places, markers: Markers) -> Flags:
    blank = end - content <= BLANK_TOKENS
    for step in range(BLANK_TOKENS):
        there = blank & (content + step < end)
        blank[there] = markers.is_space(view.ids[content[there] + step])
    return blank


def _headers(
    view: SequenceView, places: Places, limits: Places, markers: Markers
) -> tuple[Places, Places]:
    """Read the role written at each of ``places``; returns roles and the tokens after headers."""
    start = np.full(len(places), markers.headers.state(""), dtype=np.int64)
    roles, ends = markers.headers.follow(view.ids, places, limits, start)
    return np.maximum(roles, Role.OTHER), np.where(roles > Role.OTHER, ends, places)


def header_follower(vocabulary: Vocabulary) -> Follower:
    """Return a follower that reads role headers."""
    return Follower(vocabulary, _role_of_header)


def _role_of_header(text: str) -> int:
    match = _NAME.match(text)
    name = match[1].lower() if match else ""
    if name and _HEADER_ENDS.search(text):
        return int(NAMES.get(name, Role.OTHER))
    hopeful = not name or any(known.startswith(name) for known in NAMES)
    return GOING if hopeful and len(text) < _LONGEST_HEADER else int(Role.OTHER)
