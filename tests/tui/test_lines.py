"""Lines made of parts, and lists of any length drawn from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from inspect_tool.findings import Finding
from inspect_tool.samples.row_order import RowTable, Sort, ordered
from inspect_tool.tui.describe import plural, share
from inspect_tool.tui.document import Document, Request, open_document
from inspect_tool.tui.widgets.explorer import tail
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.output import OutputLog, shown
from inspect_tool.tui.widgets.parts import Line, Part, fitted, line_width, part_at
from inspect_tool.tui.widgets.problems import ProblemsList
from inspect_tool.tui.widgets.rows import RowsList
from tests.arrow_files import answered, save, supervised

if TYPE_CHECKING:
    from pathlib import Path

    from textual.widget import Widget

PARTS = st.lists(st.builds(Part, st.text("ab漢 ·", max_size=12)), max_size=5)


@given(PARTS, PARTS, st.integers(0, 60))
def test_parts_fill_the_width_exactly(left: list[Part], right: list[Part], width: int) -> None:
    """However much there is to say, a line is as wide as its place."""
    assert line_width(fitted(left, right, width)) == width


def test_right_parts_stay_when_there_is_no_room() -> None:
    """What stands on the right is kept, what stands on the left is cut."""
    parts = fitted([Part("a long beginning")], [Part("end")], 10)

    assert "".join(part.text for part in parts) == "a lon… end"


def test_part_under_a_cell() -> None:
    """A cell belongs to the part that covers it, wide characters counted in cells."""
    parts = [Part("漢字"), Part("ab")]

    assert [part_at(parts, x) for x in (3, 4, 6)] == [parts[0], parts[1], None]


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0%"),
        (0, 9, "0%"),
        (9, 9, "100%"),
        (1, 1000, "<1%"),
        (999, 1000, ">99%"),
        (1, 3, "33%"),
    ],
)
def test_share_is_zero_or_all_only_exactly(part: int, whole: int, said: str) -> None:
    """A share that is nearly nothing or nearly all is not rounded to it."""
    assert share(part, whole) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 rows"), (1, "1 row"), (2000, "2,000 rows")])
def test_plural(count: int, said: str) -> None:
    """Counts read as people say them."""
    assert plural(count, "row") == said


@pytest.mark.parametrize(
    ("text", "width", "said"), [("short", 9, "short"), ("a/long/path.yml", 9, "…path.yml")]
)
def test_paths_keep_their_end(text: str, width: int, said: str) -> None:
    """A path that is too long is cut at its beginning."""
    assert tail(text, width) == said


class ListApp(App[None]):
    """One widget filling the screen; ``chosen`` records what was selected in it."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget
        self.chosen: list[object] = []

    def compose(self) -> ComposeResult:
        """Yield the widget."""
        yield self.widget

    def on_mount(self) -> None:
        """Give it the keys."""
        self.widget.focus()

    def on_line_list_selected(self, event: LineList.Selected) -> None:
        """Note the choice."""
        self.chosen.append(event.index)

    def on_problems_list_row_asked(self, event: ProblemsList.RowAsked) -> None:
        """Note the row."""
        self.chosen.append(event.row)


class Numbers(LineList):
    """A list that numbers its lines; every third can be chosen."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.total = count

    def count(self) -> int:
        """Return how many there are."""
        return self.total

    def line(self, index: int) -> tuple[Line, Line]:
        """Return the number."""
        return (Part(f"line {index}"),), ()

    def selectable(self, index: int) -> bool:
        """Tell whether the number is divisible by three."""
        return 0 <= index < self.total and index % 3 == 0


def lines(widget: LineList) -> list[str]:
    """Return what a list shows, line by line."""
    return [widget.render_line(y).text.strip() for y in range(widget.size.height)]


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["down"], 3),
        (["j", "j", "k"], 3),
        (["end"], 99),
        (["G", "up"], 96),
        (["end", "home"], 0),
        (["pagedown"], 21),
        (["pagedown", "pageup"], 0),
        (["up"], 0),
    ],
)
async def test_cursor_stops_where_something_can_be_chosen(keys: list[str], cursor: int) -> None:
    """Every key leads to an item that can be chosen, within the list."""
    app = ListApp(widget := Numbers(100))
    async with app.run_test(size=(30, 20)) as pilot:
        await pilot.press(*keys)

        assert widget.cursor == cursor


async def test_cursor_is_kept_in_view() -> None:
    """The list scrolls with the cursor."""
    app = ListApp(widget := Numbers(1000))
    async with app.run_test(size=(30, 20)) as pilot:
        await pilot.press("end")
        await pilot.pause()

        assert "line 999" in lines(widget)


async def test_enter_and_click_choose() -> None:
    """Enter chooses what is under the cursor, a click what is under the pointer; others not."""
    app = ListApp(widget := Numbers(100))
    async with app.run_test(size=(30, 20)) as pilot:
        await pilot.press("down", "enter")
        await pilot.click(widget, offset=(2, 6))
        await pilot.click(widget, offset=(2, 7))

        assert app.chosen == [3, 6]


async def test_empty_list_takes_every_key() -> None:
    """With nothing in it no key does harm."""
    app = ListApp(widget := Numbers(0))
    async with app.run_test(size=(30, 20)) as pilot:
        await pilot.press("down", "up", "end", "home", "pagedown", "pageup", "enter")

        assert (widget.cursor, app.chosen) == (0, [])


def document_of(folder: Path, lengths: list[int]) -> Document:
    """Return an open dataset with rows of these lengths, the first half of each masked."""
    rows = [answered(range(1, n + 1), prompt=n // 2) for n in lengths]
    return open_document(Request(save(folder, supervised(rows))))


async def test_rows_show_length_and_share_before_they_are_counted(tmp_path: Path) -> None:
    """Rows in view are read from the file while the counting still runs."""
    app = ListApp(widget := RowsList())
    async with app.run_test(size=(30, 5)) as pilot:
        widget.document = document_of(tmp_path / "d", [4, 1000])
        await pilot.pause()

        assert [line.split() for line in lines(widget)[:2]] == [
            ["0", "4", "▄", "50%"],
            ["1", "1,000", "▄", "50%"],
        ]


async def test_a_million_rows(tmp_path: Path) -> None:
    """A list of a million sorted rows draws those in view, from either end."""
    document = document_of(tmp_path / "d", [1])
    count = 1_000_000
    table = RowTable(lengths=np.arange(count, dtype=np.int32))
    app = ListApp(widget := RowsList())
    async with app.run_test(size=(30, 20)) as pilot:
        order = ordered(table, sort=Sort.LENGTH, descending=True)
        widget.document = Document(
            document.request, document.target, document.opened, order=order, table=table
        )
        first = lines(widget)[0].split()
        await pilot.press("end")
        await pilot.pause()

        assert first == ["999,999", "999,999"]
        assert [line.split() for line in lines(widget)][-1] == ["0", "0"]


FINDINGS = (
    Finding("L-ONE", "error", "something is wrong " * 5, 2, (3, 8), key="datasets", fix="mend it"),
    Finding("L-TWO", "info", "a remark"),
)


async def test_problems_wrap_and_name_the_way_out() -> None:
    """A long message takes several lines, then its fix with the key to change."""
    app = ListApp(widget := ProblemsList())
    async with app.run_test(size=(50, 20)) as pilot:
        widget.findings = FINDINGS
        await pilot.pause()
        text = "\n".join(lines(widget))

        assert text.count("something") == 5
        assert "→ mend it (datasets)" in text
        assert "2 rows" in text


async def test_a_problem_leads_through_its_rows() -> None:
    """Enter again and again goes through the rows of a problem, and around."""
    app = ListApp(widget := ProblemsList())
    async with app.run_test(size=(50, 20)) as pilot:
        widget.findings = FINDINGS
        await pilot.press("enter", "enter", "enter", "down", "enter")

        assert app.chosen == [3, 8, 3]


async def test_problems_keep_the_cursor_when_more_are_found() -> None:
    """What the cursor is on stays under it while the list grows."""
    app = ListApp(widget := ProblemsList())
    async with app.run_test(size=(50, 20)) as pilot:
        widget.findings = FINDINGS
        await pilot.press("down")
        widget.findings = (Finding("L-NEW", "error", "found later"), *FINDINGS)
        await pilot.pause()

        assert "L-TWO" in lines(widget)[widget.cursor - widget.scroll_offset.y]


async def test_output_follows_its_end() -> None:
    """New lines come into view, long ones wrapped."""
    app = ListApp(widget := OutputLog())
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.pause()
        widget.add([f"line {n}" for n in range(50)])
        widget.add(["x" * 50])
        await pilot.pause()

        assert lines(widget)[-1] == "x" * 14


async def test_output_stays_where_one_reads() -> None:
    """After scrolling up, new lines do not move what is read."""
    app = ListApp(widget := OutputLog())
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.pause()
        widget.add([f"line {n}" for n in range(50)])
        await pilot.pause()
        widget.scroll_home(animate=False)
        await pilot.pause()
        widget.add(["more"])
        await pilot.pause()

        assert lines(widget)[0] == "line 0"


@pytest.mark.parametrize(
    ("said", "drawn"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        (" 10%\r 50%\r100%", "100%"),
        ("\x1b]0;title\x07x", "x"),
        ("a\tb", "a    b"),
        ("bell\x07", "bell␇"),
    ],
)
def test_output_is_harmless(said: str, drawn: str) -> None:
    """Colours go, a rewritten line counts in its last state, other controls are made visible."""
    assert shown(said) == drawn


async def test_cursor_is_seen_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no colour the line under the cursor is reversed."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = ListApp(widget := Numbers(100))
    async with app.run_test(size=(30, 20)):
        styles = [segment.style for segment in widget.render_line(0)]

        assert all(style is not None and style.reverse for style in styles)
