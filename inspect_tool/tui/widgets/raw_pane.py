"""The raw row beside the tokens: the characters of the token under the cursor are lit.

It works both ways: with the focus here, the cursor moves from text to text of the raw row, and the
tokens follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive

from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.page import Page
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.passage_view import PassageView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from inspect_tool.errors import InspectError
    from inspect_tool.tui.raw_pieces import RawPieces


WAYS: Final = (("R", "back to the tokens"), ("escape", "put the raw row away"))


class RawView(PassageView):
    """Shows a raw row, painted as its tokens are: trained, masked, or neither."""

    @dataclass
    class TokenAsked(Message):
        """The cursor came to what token ``token`` was made from."""

        token: int

    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self.pieces: RawPieces | None = None

    def show_pieces(self, pieces: RawPieces) -> None:
        """Show another raw row."""
        self.pieces = pieces
        self._layout = self._matches = None
        self._row = self._column = 0
        self.scroll_to(y=0, animate=False, force=True)
        self.set_reactive(RawView.cursor, 0)
        self.show_passage(pieces.passage)
        self._looks = pieces.looks
        self._strips.clear()
        self.refresh()

    def light(self, token: int) -> None:
        """Light the characters of a token and bring them into view; none for an added one."""
        if self.pieces is None:
            return
        lit = self.pieces.of_token(token)
        marks = np.zeros(len(self.pieces.tokens), dtype=np.bool_)
        marks[lit.start : lit.stop] = True
        if lit and not (self.has_focus and self.cursor in lit):
            self.jump_to(lit.start)
        self.mark(marks if lit else None)

    def watch_cursor(self, old: int, new: int) -> None:
        """Have the tokens follow while the focus is here."""
        super().watch_cursor(old, new)
        if self.has_focus and self.pieces is not None and new < len(self.pieces.tokens):
            token = int(self.pieces.tokens[new])
            if token >= 0:
                self.post_message(self.TokenAsked(token))

    def _shows_cursor_on(self, line: int) -> bool:
        # Without the focus only what is lit says where the token came from.
        return self.has_focus and super()._shows_cursor_on(line)


class RawPane(Vertical):
    """A raw row under its file and line, or what there is to say without one."""

    DEFAULT_CSS = """
    RawPane { width: 1fr; height: 1fr; border-left: solid $panel; }
    RawPane.-below { border-left: none; border-top: solid $panel; }
    RawPane Page { padding: 1 2; display: none; }
    RawPane.-empty Page { display: block; height: 1fr; }
    RawPane.-empty RawView { display: none; }
    RawPane RawView { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__(id="raw", classes="-empty")
        self.title, self.page, self.view = Bar(), Page(), RawView()

    def compose(self) -> ComposeResult:
        """Lay out the title over the row."""
        yield self.title
        yield self.page
        yield self.view

    def show(self, pieces: RawPieces, place: str, spot: str, token: int) -> None:
        """Show a raw row with the characters of a token lit; ``place`` and ``spot`` are safe."""
        self.remove_class("-empty")
        self.title.left = (Part("RAW ", "accent"), Part(place, "strong"))
        self.title.right = (Part(spot, "dim"),)
        if pieces is not self.view.pieces:
            self.view.show_pieces(pieces)
        self.view.light(token)

    def say(self, text: str, *lines: str) -> None:
        """Say why there is no raw row to show, or not yet."""
        self.add_class("-empty")
        self.title.left, self.title.right = (Part("RAW", "accent"),), ()
        self.page.say(text, lines, WAYS)

    def say_problem(self, problem: InspectError) -> None:
        """Say what went wrong, where, and the way out."""
        lines = [str(problem.place)] if problem.place else []
        lines += [f"Way out: {problem.fix}"] if problem.fix else []
        self.say(problem.message, *lines)
