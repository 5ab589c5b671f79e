"""Which panes fit: the token view gets the room, side panels fold away by the terminal's size."""

from __future__ import annotations

from dataclasses import dataclass

SIDE_WIDTH = 30
INSPECTOR_WIDTH = 36
WIDE = 124
"""From here on the side lists are shown without being asked for."""
MEDIUM = 104
"""From here on the inspector is."""
TALL = 32
"""From here on explorer and rows share the side."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person switched on or off; None leaves it to the size."""

    explorer: bool | None = None
    rows: bool | None = None
    inspector: bool | None = None
    panel: bool = False


@dataclass(frozen=True, slots=True)
class Panes:
    """Which panes are shown, and how wide the side ones are, in cells."""

    explorer: bool = False
    rows: bool = False
    inspector: bool = False
    panel_height: int = 0
    side_width: int = 0
    inspector_width: int = 0


def arrange(width: int, height: int, wishes: Wishes, *, dataset: bool) -> Panes:
    """Return the panes for a terminal of ``width`` x ``height`` cells.

    Without a dataset the explorer is all there is to use, so it is shown.
    """
    wide = width >= WIDE
    rows = dataset and (wide if wishes.rows is None else wishes.rows)
    room_beside_rows = height >= TALL or not rows
    explorer = wishes.explorer
    if explorer is None:
        explorer = (wide and room_beside_rows) or not dataset
    inspector = dataset and (width >= MEDIUM if wishes.inspector is None else wishes.inspector)
    half = max(16, width * 2 // 5)
    return Panes(
        explorer=explorer,
        rows=rows,
        inspector=inspector,
        panel_height=max(4, min(12, height // 3)) if wishes.panel else 0,
        side_width=min(SIDE_WIDTH, half),
        inspector_width=min(INSPECTOR_WIDTH, half),
    )
