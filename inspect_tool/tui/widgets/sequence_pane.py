"""One token sequence of a sample under its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from inspect_tool.tui.describe import length_of, trained_part
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.parts import Line, Part
from inspect_tool.tui.widgets.token_view import TokenView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from inspect_tool.samples.sample import TokenSequence
    from inspect_tool.samples.vocabulary import Vocabulary


class SequencePane(Vertical):
    """A token view under the name of its sequence; the name is left out where there is one only."""

    def __init__(self, number: int, *, titled: bool) -> None:
        super().__init__(classes="-titled" if titled else "")
        self.number = number
        self._titled = titled
        self.tokens = TokenView()
        self.sequence: TokenSequence | None = None

    def compose(self) -> ComposeResult:
        """Lay out the name and the tokens."""
        yield Bar(id="sequence-title")
        yield self.tokens

    def show(self, sequence: TokenSequence, vocabulary: Vocabulary | None, cursor: int) -> None:
        """Show another sequence."""
        self.sequence = sequence
        if self._titled:
            self.query_one("#sequence-title", Bar).left = _title(sequence)
        self.tokens.show_sequence(sequence, vocabulary, cursor=cursor)


def _title(sequence: TokenSequence) -> Line:
    parts = [Part(f"{sequence.name.upper()}  ", "accent"), Part(length_of(sequence), "dim")]
    if sequence.trained is not None:
        parts += [Part("  "), trained_part(sequence)]
    return tuple(parts)
