"""The inspector: all that is known of the token under the cursor and of its sample.

It follows every step of the cursor, so it paints lines itself: a step changes a dozen of them and
lays nothing out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from inspect_tool.samples.facts import Fact, column_facts, sample_facts, token_facts
from inspect_tool.tui.drawn import draw
from inspect_tool.tui.layout import lay_out
from inspect_tool.tui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.samples.sample import Sample
    from inspect_tool.samples.vocabulary import Vocabulary

Section = tuple[str, list[Fact]]

MAX_LABEL = 15
"""Cells of the labels' column, enough for every column of axolotl's; longer names are cut."""


class Inspector(Sheet, can_focus=True):
    """Shows facts in sections, the token's first."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "inspector--heading",
        "inspector--label",
        "inspector--value",
        "inspector--trained",
        "inspector--masked",
        "inspector--special",
        "inspector--warning",
    }
    DEFAULT_CSS = """
    Inspector {
        padding: 0 1;
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        & > .inspector--heading { color: $text-primary; text-style: bold; }
        & > .inspector--label { color: $foreground 62%; }
        & > .inspector--value { color: $foreground; }
        & > .inspector--trained { color: $text-success; text-style: bold; }
        & > .inspector--masked { color: $foreground 70%; }
        & > .inspector--special { color: $text-warning; text-style: italic; }
        & > .inspector--warning { color: $text-error; text-style: bold; }
        &:ansi > .inspector--label { text-style: dim; }
        &:ansi > .inspector--masked { text-style: dim; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._token: list[Section] = []
        self._sample: list[Section] = []
        self._shown: tuple[Sample, int, Vocabulary | None] | None = None
        self._token_strips: list[Strip] = []
        self._sample_strips: list[Strip] = []

    def show(
        self,
        sample: Sample,
        sequence: int,
        index: int | None,
        vocabulary: Vocabulary | None,
        *,
        turns: bool = True,
        why: Sequence[Fact] = (),
    ) -> None:
        """Show token ``index`` of one sequence of a sample; no token if it is None or past it.

        ``turns``: with the turn that it stands in, which takes a while in a long sequence;
        ``why``: what is known of the reason for its label.
        """
        tokens = sample.sequences[sequence] if sample.sequences else None
        if tokens is not None and index is not None and 0 <= index < len(tokens):
            facts = token_facts(tokens, index, vocabulary, turns=turns)
            self._token = [("Token", [*facts, *why])]
        else:
            self._token = []
        if self._shown != (sample, sequence, vocabulary):
            self._shown = (sample, sequence, vocabulary)
            facts = [] if tokens is None else sample_facts(sample, tokens, vocabulary)
            self._sample = [("Sample", facts), ("Columns", column_facts(sample))]
            self._flow()
        else:
            self._flow_token()

    def clear(self) -> None:
        """Show nothing."""
        self._shown = None
        self._token, self._sample = [], []
        self._flow()

    @property
    def facts(self) -> list[Fact]:
        """Return what is shown, from top to bottom."""
        return [fact for _, facts in (*self._token, *self._sample) for fact in facts]

    def render_line(self, y: int) -> Strip:
        """Paint one visible line."""
        line = y + self.scroll_offset.y
        if line < len(self._token_strips):
            return self._token_strips[line]
        line -= len(self._token_strips)
        if line < len(self._sample_strips):
            return self._sample_strips[line]
        return Strip.blank(self.scrollable_size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Paint anew in the colours of another theme; component styles follow the widget's own."""
        super().notify_style_update()
        self.call_later(self._flow)

    def on_resize(self) -> None:
        """Wrap values to the new width."""
        self._flow()

    def _flow(self) -> None:
        """Wrap all facts to the present width."""
        if not self.scrollable_size.width:
            return
        before = self.virtual_size.height
        self._token_strips = self._strips(self._token)
        self._sample_strips = self._strips(self._sample)
        self._measure()
        self.refresh_lines(0, max(before, self.virtual_size.height))

    def _flow_token(self) -> None:
        """Wrap the token's facts; the sample's move down where these need more lines, never up.

        They would else jump with every step of the cursor, and each time all be laid out anew.
        """
        if not self.scrollable_size.width:
            return
        before = len(self._token_strips)
        self._token_strips = self._strips(self._token)
        if len(self._token_strips) > before:
            self._measure()
            self.refresh_lines(0, self.virtual_size.height)
        else:
            blank = Strip.blank(self.scrollable_size.width, self.rich_style)
            self._token_strips += [blank] * (before - len(self._token_strips))
            self.refresh_lines(0, before)

    def _measure(self) -> None:
        height = len(self._token_strips) + len(self._sample_strips)
        self.virtual_size = Size(self.scrollable_size.width, height)

    def _strips(self, sections: Sequence[Section]) -> list[Strip]:
        return [strip for heading, facts in sections for strip in self._section(heading, facts)]

    def _section(self, heading: str, facts: Sequence[Fact]) -> Iterator[Strip]:
        """Yield a heading, the lines of its facts, and a blank line; nothing without facts."""
        if not facts:
            return
        width, ground = self.scrollable_size.width, self.rich_style
        label_width = min(max(cell_len(fact.label) for fact in facts), MAX_LABEL, width // 2)

        def line(*segments: Segment) -> Strip:
            return Strip(segments).adjust_cell_length(width, ground)

        yield line(Segment(heading, self.get_component_rich_style("inspector--heading")))
        label_style = self.get_component_rich_style("inspector--label")
        for fact in facts:
            style = self.get_component_rich_style(f"inspector--{fact.tone or 'value'}")
            label = set_cell_size(fact.label, label_width) + " "
            for value in _wrapped(fact.value, width - label_width - 1):
                yield line(Segment(label, label_style), Segment(value, style))
                label = " " * (label_width + 1)
        yield line()


def _wrapped(value: str, width: int) -> Iterator[str]:
    """Yield the lines of a value; a wrapped line drops the space at which it was wrapped."""
    if value.isprintable() and cell_len(value) <= width:
        yield value
        return
    # The layout keeps one cell free for a newline, which a value never holds.
    layout = lay_out(draw([value]), width + 1)
    for line in range(layout.height):
        start, stop = int(layout.lines[line]), int(layout.lines[line + 1])
        shown = layout.drawn.shown(start, stop, whitespace=False)
        yield shown.removeprefix(" ") if line else shown
