"""What of a tab the explorer shows: its paths, and the splits of its dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.tui.widgets.explorer import Split

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.tui.widgets.document_view import DocumentView


def dataset_path(view: DocumentView) -> Path | None:
    """Return the folder of a view's dataset, None without one."""
    opened = view.document.opened
    return opened.dataset.path if opened else None


def open_paths(view: DocumentView) -> list[Path]:
    """Return the paths that the explorer marks as open."""
    paths = [view.document.request.path, dataset_path(view)]
    return [path for path in paths if path is not None]


def splits_of(view: DocumentView) -> list[Split]:
    """Return the splits of a view's dataset, none where it has only one."""
    opened = view.document.opened
    config = opened.target.config if opened else None
    if opened is None or config is None:
        return []
    rows = len(opened.dataset)
    held_out = config.eval_rows(rows)
    if not held_out:
        return []
    path = opened.dataset.path
    return [
        Split(path, "train", 0, rows - held_out),
        Split(path, "eval", rows - held_out, held_out),
    ]
