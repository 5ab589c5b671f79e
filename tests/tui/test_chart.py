"""Curves with axes in cells: whatever the numbers and the room, lines fit and say what they are."""

from __future__ import annotations

import pytest

from inspect_tool.tui.chart import ODD, Curve, chart
from inspect_tool.tui.widgets.parts import line_width

FALLING = Curve("loss", tuple((step, 10.0 - step) for step in range(1, 10)))


def drawn(curve: Curve, width: int = 40, height: int = 9) -> list[str]:
    """Return the lines of a chart."""
    return ["".join(part.text for part in line) for line in chart(curve, width, height)]


@pytest.mark.parametrize("size", [(15, 4), (40, 9), (41, 30), (200, 5)])
@pytest.mark.parametrize(
    "curve",
    [
        FALLING,
        Curve("one", ((3, 2.0),)),
        Curve("flat", ((1, 0.0), (2, 0.0))),
        Curve("odd", ((1, None), (2, None))),
        Curve("huge", ((1, -1e300), (2, 1e300))),
        Curve("far", ((1, 1e-30), (1_000_000, 3e-30))),
    ],
    ids=lambda curve: curve.name,
)
def test_it_fits(curve: Curve, size: tuple[int, int]) -> None:
    """No line is wider than the room, and there are as many as there is room for."""
    lines = chart(curve, *size)

    assert len(lines) == size[1]
    assert max(map(line_width, lines)) <= size[0]


def test_axes_say_their_ends() -> None:
    """The highest and lowest number, the first and last step; the last number in the title."""
    lines = drawn(FALLING)

    assert lines[0].split() == ["loss", "1"]
    assert lines[1].lstrip().startswith("9 ┤")
    assert lines[-2].lstrip().startswith("1 ┤")
    assert lines[-1].strip().startswith("└1")
    assert lines[-1].endswith("9")


def test_a_falling_curve_falls() -> None:
    """It begins at the top left and ends at the bottom right."""
    body = [line.partition("┤")[2] or line.partition("│")[2] for line in drawn(FALLING)[1:-1]]

    assert body[0].strip()
    assert not body[0].startswith(" ")
    assert not body[-1].endswith(" ")


def test_what_is_not_finite_is_a_mark() -> None:
    """A step without a number is marked above its place, and the curve has a hole there."""
    curve = Curve("loss", ((1, 3.0), (2, None), (3, 1.0)))
    lines = drawn(curve)

    assert lines[1].count(ODD) == 1
    assert drawn(Curve("loss", (*curve.points, (4, None))))[0].split() == ["loss", "not", "finite"]


def test_no_room_leaves_the_title() -> None:
    """Too small for axes, it still says the last number."""
    assert drawn(FALLING, 12, 3) == [" loss 1"]


def test_no_step_yet() -> None:
    """Empty axes and the reason."""
    assert drawn(Curve("loss"))[0] == " loss no step yet"
