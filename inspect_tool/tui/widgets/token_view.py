"""The token view: every token of a sequence, wrapped as text reads, coloured by its label.

A long sequence shows its beginning at once while the rest is drawn in a worker; until then the
view ends early, and a cursor placed beyond its end is caught up with later.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.worker import get_current_worker

from inspect_tool.samples.occurrences import Occurrences, occurrences_of_id, occurrences_of_text
from inspect_tool.samples.turns import turns_of
from inspect_tool.tui.drawn import token_texts
from inspect_tool.tui.layout import Layout, lay_out
from inspect_tool.tui.passage import Passage, beginning, entire, is_long
from inspect_tool.tui.widgets.passage_view import PassageView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from textual.timer import Timer

    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary

CELLS_OF_TOKEN = 4
"""Cells that a token takes, more or less."""
FEW_TOKENS = 512
"""Drawn in no time."""
PAUSE_SECONDS = 0.1
"""How long a sample is looked at before the rest of it is drawn: not while one leafs through."""
DRAWING = "drawing"
"""The group of the worker that draws what the first screen does not show."""


class TokenView(PassageView):
    """Shows one token sequence under a cursor; a sequence stored as text is taken by words."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("[", "span(-1)", "Previous span", show=False),
        Binding("]", "span(1)", "Next span", show=False),
        Binding("{", "turn(-1)", "Previous turn", show=False),
        Binding("}", "turn(1)", "Next turn", show=False),
        Binding("i", "toggle_ids", "Token ids", show=False),
    ]

    show_ids: reactive[bool] = reactive(False, repaint=False)
    """Whether each token's id is drawn after it."""

    class _Drawn(Message):
        """The worker drew and laid out a whole sequence."""

        def __init__(self, passage: Passage, layout: Layout) -> None:
            super().__init__()
            self.passage = passage
            self.layout = layout

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._sequence: TokenSequence | None = None
        self._vocabulary: Vocabulary | None = None
        self._needle: str | int | None = None
        self._found: Occurrences | None = None
        self._pause: Timer | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole sequence is there, with or without ids as asked for."""
        passage = self._passage
        return passage is not None and passage.whole and passage.show_ids == self.show_ids

    @property
    def token_count(self) -> int:
        """The number of tokens (or words) that the cursor can reach."""
        return len(self._sequence or ()) or super().token_count

    @property
    def match_place(self) -> tuple[int, int]:
        """The number of the match at the cursor, from 1 (0 if none is there), and their count."""
        if self._found is None:
            return 0, 0
        place = int(np.searchsorted(self._found.firsts, self.cursor))
        at_cursor = place < len(self._found) and self._found.firsts[place] == self.cursor
        return (place + 1 if at_cursor else 0), len(self._found)

    def show_sequence(
        self, sequence: TokenSequence, vocabulary: Vocabulary | None, *, cursor: int = 0
    ) -> None:
        """Show a sequence, with the cursor on token ``cursor``."""
        self._sequence, self._vocabulary = sequence, vocabulary
        self._layout = self._matches = self._needle = self._found = None
        self._row = self._column = 0
        self.scroll_to(y=0, animate=False, force=True)
        self.set_reactive(TokenView.cursor, min(max(cursor, 0), max(len(sequence) - 1, 0)))
        self.show_passage(self._beginning(sequence))
        self._draw_rest(pause=PAUSE_SECONDS)
        self.post_message(self.CursorMoved(self, self.cursor))

    def find(self, needle: str | int, *, forward: bool = True) -> int | None:
        """Move the cursor to the next place of a text or a token id, and mark all places.

        A needle asked for again moves on from the cursor. Return the token, None if there is none.
        """
        if self._sequence is None:
            return None
        fresh = self._found is None or needle != self._needle
        if fresh:
            self._needle, self._found = needle, self._occurrences(needle)
            self.mark(self._found.tokens if len(self._found) else None)
        assert self._found is not None
        place = self._found.next(self.cursor, forward=forward, inclusive=fresh)
        if place is None:
            return None
        self.jump_to(int(self._found.firsts[place]))
        return self.cursor

    def highlight(self, tokens: NDArray[np.bool_] | None) -> None:
        """Mark ``tokens`` bool[n] of the sequence, or none; takes the place of what find marked."""
        self._needle = self._found = None
        self.mark(tokens)

    def watch_show_ids(self) -> None:
        """Draw the tokens with or without their ids."""
        passage = self._passage
        if passage is None or passage.by_words:
            return
        if is_long(passage.sequence):
            self._draw_rest()
        else:
            self.show_passage(self._whole())

    def action_span(self, step: int) -> None:
        """Move to the start of the next or previous run of trained or masked tokens."""
        if self._sequence is not None:
            self._jump(self._sequence.span_starts, step)

    def action_turn(self, step: int) -> None:
        """Move to the start of the next or previous turn."""
        if self._sequence is not None and len(self._sequence):
            self._jump(turns_of(self._sequence, self._vocabulary).starts, step)

    def action_toggle_ids(self) -> None:
        """Show or hide token ids."""
        self.show_ids = not self.show_ids

    def _jump(self, starts: NDArray[np.int64], step: int) -> None:
        if step > 0:
            place = int(np.searchsorted(starts, self.cursor, side="right"))
        else:
            place = int(np.searchsorted(starts, self.cursor, side="left")) - 1
        if 0 <= place < len(starts):
            self.jump_to(int(starts[place]))

    def _occurrences(self, needle: str | int) -> Occurrences:
        assert self._sequence is not None
        if isinstance(needle, int):
            return occurrences_of_id(self._sequence.ids, needle)
        if self._passage is None or not self._passage.whole:
            self.show_passage(self._whole())
        assert self._passage is not None
        return occurrences_of_text(self._passage.texts, needle)

    def _whole(self) -> Passage:
        assert self._sequence is not None
        passage = self._passage
        texts = passage.texts if passage is not None and passage.whole else None
        return entire(self._sequence, self._vocabulary, show_ids=self.show_ids, texts=texts)

    def reach(self, row: int) -> None:
        """Draw on as far as a line that is moved to before the rest is there."""
        layout, passage = self._layout, self._passage
        if layout is None or passage is None or passage.whole or row < layout.height:
            return
        assert self._sequence is not None
        self.show_passage(self._beginning(self._sequence, lines=row + 1))

    def _beginning(self, sequence: TokenSequence, *, lines: int = 0) -> Passage:
        """Draw as much as fills the view or ``lines``; at worst every token takes but one cell."""
        width, height = self.scrollable_size or self.app.size
        height = max(height, lines)
        tokens = max(width * height // CELLS_OF_TOKEN, FEW_TOKENS)
        while True:
            passage = beginning(sequence, self._vocabulary, tokens=tokens, show_ids=self.show_ids)
            enough = passage.whole or tokens >= width * height
            if enough or lay_out(passage.drawn, width).height > height:
                return passage
            tokens *= 2

    def _draw_rest(self, *, pause: float = 0.0) -> None:
        """Have the whole sequence drawn, once its beginning was looked at for ``pause`` seconds."""
        self.workers.cancel_group(self, DRAWING)
        if self._pause is not None:
            self._pause.stop()
        self._pause = None if self.complete else self.set_timer(pause, self._begin_drawing)

    def _begin_drawing(self) -> None:
        """Draw the whole sequence in the background."""
        if self.complete or self._sequence is None:
            return
        passage = self._passage
        texts = passage.texts if passage is not None and passage.whole else None
        steps = _drawing_steps(
            self._sequence,
            self._vocabulary,
            texts=texts,
            show_ids=self.show_ids,
            width=self.scrollable_size.width,
        )
        work = partial(self._draw, steps)
        self.run_worker(work, thread=True, group=DRAWING, exclusive=True, exit_on_error=False)

    def _draw(self, steps: Iterator[tuple[Passage, Layout] | None]) -> None:
        worker = get_current_worker()
        for drawn in steps:
            if worker.is_cancelled:
                return
            if drawn is not None:
                self.post_message(self._Drawn(*drawn))

    @on(_Drawn)
    def _take(self, event: _Drawn) -> None:
        """Show what the worker drew, if it is still what is asked for."""
        event.stop()
        passage = event.passage
        current = passage.sequence is self._sequence and passage.vocabulary is self._vocabulary
        if current and passage.show_ids == self.show_ids and not self.complete:
            self.show_passage(passage, event.layout)


def _drawing_steps(
    sequence: TokenSequence,
    vocabulary: Vocabulary | None,
    *,
    texts: list[str] | None,
    show_ids: bool,
    width: int,
) -> Iterator[tuple[Passage, Layout] | None]:
    """Draw and lay out a sequence in steps, so that it can be left off; the last yields it."""
    texts = token_texts(sequence, vocabulary) if texts is None else texts
    yield None
    passage = entire(sequence, vocabulary, show_ids=show_ids, texts=texts)
    yield None
    yield passage, lay_out(passage.drawn, width)
