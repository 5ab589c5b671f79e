"""Where ranks stand as text: ranks with the same stack together, the stacks side by side."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from inspect_tool.report.lines import heading, printed
from inspect_tool.report.marks import ASIDE, HEADING, TROUBLE, ascii_only
from inspect_tool.report.wrap import Segment
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.hang import is_stuck, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.report.look import Look
    from inspect_tool.scale.hang import Frame, Stack

FRAMES = 14
"""How many calls are shown, innermost first, unless all are asked for."""
WIDTH = 80
NARROW = 30
_GAP = "  "


def hang_text(found: Sequence[Stack], look: Look, *, every: bool = False) -> str:
    """Return the verdict, then one column for all ranks that stand at the same place."""
    return printed(_hang(found, look, every=every), look)


def _hang(found: Sequence[Stack], look: Look, *, every: bool) -> Iterator[Segment]:
    style = TROUBLE if is_stuck(found) else ASIDE
    yield Segment(f"{verdict(found)}\n\n", style if look.color else "")
    for stack in found:
        if not stack.frames:
            text = safe(f"rank {stack.rank.rank}: {stack.problem}\n\n")
            yield Segment(text.replace("␊", "\n"), TROUBLE if look.color else "")
    columns = list(_groups(found).values())
    room = look.width or WIDTH
    side_by_side = max(1, min(len(columns), room // NARROW))
    for first in range(0, len(columns), side_by_side):
        yield from _beside(columns[first : first + side_by_side], look, room, every=every)


def _groups(found: Sequence[Stack]) -> dict[tuple[Frame, ...], list[Stack]]:
    groups: dict[tuple[Frame, ...], list[Stack]] = {}
    for stack in found:
        if stack.frames:
            groups.setdefault(stack.frames, []).append(stack)
    return groups


def _beside(
    groups: Sequence[Sequence[Stack]], look: Look, room: int, *, every: bool
) -> Iterator[Segment]:
    width = (room - len(_GAP) * (len(groups) - 1)) // len(groups)
    if len(groups) == 1:
        yield from heading([_title(groups[0])], look)
    else:
        titles = _GAP.join(_fit(_title(group), width) for group in groups)
        yield Segment(f"{titles.rstrip()}\n", HEADING if look.color else "")
    for lines in zip_longest(*(_lines(group[0], every=every) for group in groups), fillvalue=""):
        text = _GAP.join(_fit(line, width) for line in lines).rstrip()
        yield Segment(f"{text if look.unicode else ascii_only(text)}\n")
    yield Segment("\n")


def _title(group: Sequence[Stack]) -> str:
    ranks = ", ".join(str(stack.rank.rank) for stack in group)
    first = group[0]
    where = first.collective or "work of its own"
    moves = "stands still" if all(stack.still for stack in group) else "moves"
    return f"rank {ranks}: {moves}, {where}"


def _lines(stack: Stack, *, every: bool) -> Iterator[str]:
    shown = stack.frames if every else stack.frames[:FRAMES]
    for frame in shown:
        yield safe(frame.function, newline=" ")
        yield f"  {safe(frame.place, newline=' ')}"
    if len(shown) < len(stack.frames):
        yield f"... {len(stack.frames) - len(shown)} more: --all"


def _fit(text: str, width: int) -> str:
    """Return text in ``width`` cells; a long path loses its beginning, which says least."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    indent = "  " if text.startswith("  ") else ""
    return f"{indent}…{text[len(text) - (width - len(indent) - 1) :]}"
