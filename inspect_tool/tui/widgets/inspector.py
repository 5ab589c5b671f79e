"""The inspector: all that is known of the token under the cursor and of its sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from inspect_tool.samples.facts import Fact, column_facts, sample_facts, token_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from inspect_tool.samples.sample import Sample
    from inspect_tool.samples.vocabulary import Vocabulary

Section = tuple[str, list[Fact]]


class Inspector(VerticalScroll):
    """Shows facts in sections; ``show`` is cheap enough for every step of the cursor."""

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
        scrollbar-size-vertical: 1;
        & > Static { height: auto; }
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

    def compose(self) -> ComposeResult:
        """Yield the token's part, which changes at every step, and the sample's."""
        yield Static(id="token-facts")
        yield Static(id="sample-facts")

    def show(
        self, sample: Sample, sequence: int, index: int | None, vocabulary: Vocabulary | None
    ) -> None:
        """Show token ``index`` of one sequence of a sample; no token if it is None or past it."""
        tokens = sample.sequences[sequence] if sample.sequences else None
        if tokens is not None and index is not None and 0 <= index < len(tokens):
            self._token = [("Token", token_facts(tokens, index, vocabulary))]
        else:
            self._token = []
        self._update("#token-facts", self._token)
        if self._shown != (sample, sequence, vocabulary):
            self._shown = (sample, sequence, vocabulary)
            facts = [] if tokens is None else sample_facts(sample, tokens, vocabulary)
            self._sample = [("Sample", facts), ("Columns", column_facts(sample))]
            self._update("#sample-facts", self._sample)

    def clear(self) -> None:
        """Show nothing."""
        self._shown = None
        self._token, self._sample = [], []
        self._repaint()

    @property
    def facts(self) -> list[Fact]:
        """Return what is shown, from top to bottom."""
        return [fact for _, facts in (*self._token, *self._sample) for fact in facts]

    def on_mount(self) -> None:
        """Show what was asked for before there was a place to show it."""
        self._repaint()

    def notify_style_update(self) -> None:
        """Show the same in the colours of another theme."""
        super().notify_style_update()
        if self.is_mounted:
            self._repaint()

    def _repaint(self) -> None:
        self._update("#token-facts", self._token)
        self._update("#sample-facts", self._sample)

    def _update(self, selector: str, sections: Sequence[Section]) -> None:
        parts = [part for section in sections if section[1] for part in self._section(*section)]
        for static in self.query_children(selector).results(Static):
            static.update(Group(*parts))
            static.display = bool(parts)

    def _section(self, heading: str, facts: Sequence[Fact]) -> list[Text | Table]:
        style = self.get_component_rich_style
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for fact in facts:
            tone = style(f"inspector--{fact.tone or 'value'}")
            table.add_row(
                Text(fact.label, style=style("inspector--label")), Text(fact.value, style=tone)
            )
        return [Text(heading, style=style("inspector--heading")), table, Text()]
