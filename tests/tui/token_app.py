"""A small app around the token view and the inspector, and sequences to show in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from tokenizers import Tokenizer

from inspect_tool.samples.sample import IGNORE_INDEX, Sample, TokenSequence
from inspect_tool.tui.widgets.inspector import Inspector
from inspect_tool.tui.widgets.token_view import TokenView
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from textual.pilot import Pilot

    from inspect_tool.samples.vocabulary import Vocabulary


class TokenApp(App[None]):
    """Shows one sequence; ``moves`` records where the cursor was said to be."""

    CSS = "TokenView { width: 1fr; } Inspector { width: 34; }"

    def __init__(
        self,
        sequence: TokenSequence,
        vocabulary: Vocabulary | None = None,
        *,
        cursor: int = 0,
        inspector: bool = False,
    ) -> None:
        super().__init__()
        self.sample = Sample(row=7, kind="sft", sequences=(sequence,))
        self.vocabulary = vocabulary
        self.first_cursor = cursor
        self.with_inspector = inspector
        self.moves: list[int] = []

    def compose(self) -> ComposeResult:
        """Yield the view, and the inspector if it is asked for."""
        with Horizontal():
            yield TokenView()
            if self.with_inspector:
                yield Inspector()

    def on_mount(self) -> None:
        """Show the sequence and give the view the keys."""
        self.view.show_sequence(self.sample.sequences[0], self.vocabulary, cursor=self.first_cursor)
        self.view.focus()

    @property
    def view(self) -> TokenView:
        """The token view."""
        return self.query_one(TokenView)

    def on_token_view_cursor_moved(self, event: TokenView.CursorMoved) -> None:
        """Note where the cursor is, and let the inspector follow."""
        self.moves.append(event.index)
        for inspector in self.query(Inspector):
            inspector.show(self.sample, 0, event.index, self.vocabulary)


async def until(pilot: Pilot[None], condition: Callable[[], bool], what: str) -> None:
    """Let the app run until ``condition`` holds; fails saying ``what`` was waited for."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        await pilot.pause(0.02)


def sequence_of(ids: Iterable[int], trained: Sequence[bool] | None = None) -> TokenSequence:
    """A sequence of ids; ``trained`` tells which of them the loss sees, None stores no labels."""
    array = np.array(list(ids), dtype=np.int32)
    if trained is None:
        return TokenSequence("input_ids", array)
    labels = np.where(np.array(trained), array, IGNORE_INDEX)
    return TokenSequence("input_ids", array, labels=labels.astype(np.int64))


def parts_of(folder: Path, *parts: tuple[str, bool]) -> TokenSequence:
    """A sequence of texts encoded one after another, each trained or masked."""
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoded = [library.encode(text, add_special_tokens=False).ids for text, _ in parts]
    trained = [flag for ids, (_, flag) in zip(encoded, parts, strict=True) for _ in ids]
    return sequence_of([token for ids in encoded for token in ids], trained)


def screen_lines(view: TokenView) -> list[str]:
    """What the view shows, line by line, without trailing blanks."""
    return [view.render_line(y).text.rstrip() for y in range(view.scrollable_size.height)]
