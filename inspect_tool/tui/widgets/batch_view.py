"""A row of a recorded batch, coloured by labels or by loss: a token view with heat and padding.

Heat is told by text style as well as by colour, and each token's loss can be drawn after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.batches import bounds_of
from inspect_tool.tui.widgets.token_paint import COMPONENTS, HOTTEST, NOT_FINITE
from inspect_tool.tui.widgets.token_view import TokenView

if TYPE_CHECKING:
    from inspect_tool.samples.vocabulary import Vocabulary
    from inspect_tool.tui.batches import BatchRow
    from inspect_tool.tui.marked import Marked

LEVELS = range(1, NOT_FINITE + 1)

STYLE = """
BatchView {
    & > .token--padding { color: $foreground 38%; text-style: strike; }
    & > .token--end { color: $text-primary; text-style: bold; }
    & > .token--cold { color: $foreground 50%; }
    & > .token--heat-1 { color: $text; background: $primary 12%; }
    & > .token--heat-2 { color: $text; background: $primary 34%; text-style: italic; }
    & > .token--heat-3 { color: $text; background: $accent 22%; text-style: underline; }
    & > .token--heat-4 { color: $text; background: $accent 44%; text-style: bold; }
    & > .token--heat-5 { color: $text; background: $error 42%; text-style: bold italic; }
    & > .token--heat-6 { color: $text; background: $error 70%; text-style: bold underline; }
    & > .token--heat-7 { color: $text-error; background: $background; text-style: bold reverse; }

    &:ansi {
        & > .token--padding { color: ansi_default; text-style: dim strike; }
        & > .token--end { color: ansi_blue; }
        & > .token--cold { color: ansi_default; text-style: dim; }
        & > .token--heat-1 { color: ansi_blue; background: ansi_default; }
        & > .token--heat-2 { color: ansi_cyan; background: ansi_default; }
        & > .token--heat-3 { color: ansi_green; background: ansi_default; }
        & > .token--heat-4 { color: ansi_yellow; background: ansi_default; }
        & > .token--heat-5 { color: ansi_red; background: ansi_default; }
        & > .token--heat-6 { color: ansi_bright_red; background: ansi_default; }
        & > .token--heat-7 { color: ansi_red; background: ansi_default; }
    }
}
"""


class BatchView(TokenView):
    """Shows ``row``; with ``heat`` the loss of its tokens, else their labels."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *COMPONENTS,
        "token--padding",
        "token--end",
        "token--cold",
        *(f"token--heat-{level}" for level in LEVELS),
    }
    DEFAULT_CSS = STYLE

    heat: reactive[bool] = reactive(False, repaint=False)
    """Whether tokens are coloured by their loss, where it is known."""

    def __init__(self) -> None:
        super().__init__(id="batch-view")
        self.row: BatchRow | None = None
        self.vocabulary: Vocabulary | None = None

    def show_row(self, row: BatchRow, vocabulary: Vocabulary | None) -> None:
        """Show another row, or the same with another vocabulary."""
        cursor = self.cursor if row is self.row else 0
        self.row, self.vocabulary = row, vocabulary
        self.show_sequence(self._marked(row), vocabulary, cursor=cursor)

    def watch_heat(self) -> None:
        """Colour the same row otherwise; the place on the screen is kept."""
        if self.row is None:
            return
        top = self.scroll_offset.y
        self.show_sequence(self._marked(self.row), self.vocabulary, cursor=self.cursor)
        self.scroll_to(y=top, animate=False, force=True)

    def _marked(self, row: BatchRow) -> Marked:
        heat = row.heat if self.heat else None
        return row.labels if heat is None else heat


class Legend(Widget):
    """What the looks of a row mean, each name drawn in its own look."""

    DEFAULT_CSS = "Legend { height: 1; padding: 0 1; }"

    def __init__(self, view: BatchView) -> None:
        super().__init__(id="batch-legend")
        self._view = view

    @property
    def text(self) -> str:
        """Return the legend as it reads."""
        return self.render_line(0).text.rstrip()

    def render_line(self, y: int) -> Strip:
        """Draw the one line."""
        style = self._view.get_component_rich_style
        ground = self.rich_style
        segments = []
        for look, says in legend(self._view.row, heat=self._view.heat):
            segments += [
                Segment(f" {says} ", style(look) if look else ground),
                Segment(" ", ground),
            ]
        return Strip(segments).adjust_cell_length(self.size.width, ground)


def legend(row: BatchRow | None, *, heat: bool) -> list[tuple[str, str]]:
    """Return what each look means: component classes, empty for plain words, and words."""
    if row is None:
        return []
    padding = ("token--padding", "padding")
    if heat and row.heat is not None:
        bounds = bounds_of(row.scale)
        levels = [(f"token--heat-{n}", f"{bounds[n - 1]}") for n in range(1, HOTTEST + 1)]
        odd = [(f"token--heat-{NOT_FINITE}", "not finite")] if row.not_finite else []
        return [("", "loss from"), *levels, *odd, ("token--cold", "none"), padding]
    looks = [("token--trained", "trained"), ("token--masked", "masked"), padding]
    if heat:
        missing = row.batch.token_loss_missing or "the loss of tokens was not recorded"
        looks.append(("", f"no loss to show: {safe(missing, newline=' ')}"))
    return looks
