"""What stands in the bars around the tokens: tabs, titles, status, key hints; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.samples.glyphs import safe
from inspect_tool.samples.row_order import Condition, Sort
from inspect_tool.tui.actions import ACTIONS, hint_parts
from inspect_tool.tui.describe import finding_counts
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.tui.document import Document
    from inspect_tool.tui.widgets.document_view import DocumentView

BRAND: Final = Part("inspect-tool  ", "dim")


def tab_titles(views: Sequence[DocumentView], active: DocumentView | None) -> Line:
    """Return the open tabs, the active one marked."""
    parts = [BRAND]
    titles = [view.document.title for view in views]
    for index, view in enumerate(views):
        title, shown = safe(titles[index]), view is active
        if titles.count(titles[index]) > 1 and view.document.opened is not None:
            title += f" {safe(view.document.opened.dataset.path.name[:8])}"
        tone = "strong" if shown else "dim"
        mark = "▎" if shown else " "
        parts.append(Part(mark, "accent"))
        parts.append(Part(f"{title} ", tone, f"app.turn_to_tab({index})"))
        parts.append(Part("× ", "dim", "app.close_tab") if shown else Part("  "))
    return tuple(parts)


def rows_title(document: Document | None) -> tuple[Line, Line]:
    """Return the title over the list of rows: how many of them, in which order."""
    if document is None or document.opened is None:
        return (Part("ROWS", "accent"),), ()
    order = document.order
    left = [Part("ROWS ", "accent")]
    if order.where:
        left.append(Part(" ".join(map(condition_text, order.where)) + " ", "warn", "app.filter"))
    if order.sort is not Sort.ROW or order.descending:
        arrow = "↓" if order.descending else "↑"
        left.append(Part(f"{order.sort.value} {arrow}", "warn", "app.sort"))
    if document.counted is not None:
        return tuple(left), (Part(f"counting {document.counted:.0%}", "dim"),)
    count = f"{len(order):,}" if len(order) == order.total else f"{len(order):,} of {order.total:,}"
    return tuple(left), (Part(count, "dim"),)


def condition_text(condition: Condition) -> str:
    """Return a condition of a filter as it is typed."""
    if condition.field in {"problem", "split"}:
        return f"{condition.field}:{safe(condition.name)}" if condition.name else condition.field
    percent = "%" if condition.percent else ""
    return f"{condition.field}{condition.compare}{condition.value:g}{percent}"


def status_right(view: DocumentView | None) -> Line:
    """Return the status bar's right side: findings, and where the cursor is."""
    if view is None:
        return ()
    parts = [*finding_counts(view.document)]
    if view.tokens is not None and view.sequence is not None and len(view.sequence):
        parts.append(Part(f" token {view.tokens.cursor:,} of {len(view.sequence):,}", "dim"))
    return tuple(parts)


def problems_note(document: Document | None) -> str:
    """Return what the problems page says when it lists none."""
    if document is None or document.opened is None:
        return "nothing is open"
    if document.counted is not None:
        return f"looking at every row: {document.counted:.0%}"
    return "no problem found"


def hints(document: Document | None) -> Line:
    """Return the footer: the keys that are needed most, from the action table.

    Without a dataset, or without a config, only those that do something then.
    """
    target = document.target if document else None
    there = {
        "": True,
        "config": target is not None and target.config is not None,
        "dataset": document is not None and document.opened is not None,
    }
    shown = [action for action in ACTIONS if action.hint and there[action.needs]]
    shown.sort(key=lambda action: action.id not in {"help", "quit", "command_palette"})
    return hint_parts(shown)
