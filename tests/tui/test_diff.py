"""The Diff screen: states, lines of both sides, and the screen with real axolotl behind it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tool.prompts.diff.align import Region, align
from inspect_tool.prompts.diff.results import Comparison, Difference, Side, Stop
from inspect_tool.tui.diff import DiffState, count_of, facts_of
from inspect_tool.tui.diff_lines import diff_lines
from inspect_tool.tui.screens.diff import DiffScreen
from inspect_tool.tui.widgets.parts import line_width
from inspect_tool.tui.widgets.prompt import PromptBar
from tests.tui.running import NARROW, running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tui.projects import Project

WELL = Stop((2,), (2,), ok=True)
TEXTS = ["a", " b", "\n", "", "漢字", "\x1b[2J", "word", " "]


def compared(
    train: list[int], inference: list[int], *, stop: Stop = WELL, row: int = 0
) -> Comparison:
    """Hold two lists of ids against each other; id n reads as TEXTS[n]."""
    sides = [Side.of(ids, [TEXTS[i] for i in ids]) for ids in (train, inference)]
    found = tuple(
        Difference(region, f"D-{index}", "why", "how")
        for index, region in enumerate(align(train, inference))
    )
    return Comparison(row, "datasets.0", 0, "x", sides[0], sides[1], found, stop)


def shown(comparison: Comparison, width: int = 80) -> list[str]:
    """Return the lines as they read."""
    return ["".join(part.text for part in line.parts) for line in diff_lines(comparison, width)]


def test_equal_runs_are_folded() -> None:
    """A long equal run is a number, with the tokens beside the difference still there."""
    lines = shown(compared([0] * 100 + [6], [0] * 100 + [4]))

    assert "┄┄ 88 equal tokens ┄┄" in lines
    assert any("aaaaaaaaaaaa │" in line.replace("  ", "") for line in lines)


def test_what_differs_is_marked_without_colour() -> None:
    """Training's tokens bear a minus, inference's a plus, each with its id."""
    (line,) = [line for line in shown(compared([0, 6], [0, 4])) if line.startswith("- ")]

    assert "word₆" in line
    assert "+ 漢字₄" in line


def test_same_text_with_other_ids() -> None:
    """Where both sides read alike, the mark says that only the ids differ."""
    side = Side.of([6], ["word"])
    item = Difference(Region(0, 1, 0, 1), "D-BOUNDARY", "m", "f", same_text=True)
    lines = shown(Comparison(0, "d", 0, "x", side, Side.of([5], ["word"]), (item,), WELL))

    assert any(line.startswith("~ word₆") and "~ word₅" in line for line in lines)


def test_a_stop_that_does_not_fit_is_a_difference() -> None:
    """The trained end against what stops generation has its lines and its cause."""
    stop = Stop((3,), (2,), ok=False, message="never stops", fix="train it")
    comparison = compared([0], [0], stop=stop)

    assert count_of(comparison) == 1
    assert any("trained end: 3" in line and "stops on: 2" in line for line in shown(comparison))
    assert facts_of(comparison, 0)[0][1][0].value == "never stops"


@given(
    st.lists(st.integers(0, 7), max_size=60),
    st.lists(st.integers(0, 7), max_size=60),
    st.integers(20, 160),
)
def test_lines_fit_and_are_safe(train: list[int], inference: list[int], width: int) -> None:
    """No line is wider than its room or holds an escape, and differences come in order."""
    lines = diff_lines(compared(train, inference), width)
    indices = [line.difference for line in lines if line.first]

    assert all(line_width(line.parts) <= width for line in lines)
    assert all("\x1b" not in part.text for line in lines for part in line.parts)
    assert all(a is not None and b == a + 1 for a, b in pairwise(indices))


def test_a_huge_difference_is_bounded() -> None:
    """Of a difference without end only so much is drawn."""
    assert len(diff_lines(compared([6] * 50_000, [0]), 80)) < 1_500


def test_groups_by_cause() -> None:
    """Samples that differ for the same causes stand together, the largest group first."""
    one, two, three = (compared([0, 6], [0, 4], row=row) for row in range(3))
    stop = Stop((3,), (2,), ok=False)
    other = compared([0, 6], [0, 4], stop=stop, row=3)
    state = DiffState((other, one, two, three), done=4, of=4, finished=True)

    assert [(causes, len(items)) for causes, items in state.groups] == [
        ("D-0", 3),
        ("D-0 + D-STOPSET", 1),
    ]
    assert state.message == "4 of 4 rows differ"


def test_rows_that_are_left_out_do_not_agree() -> None:
    """Rows that are too long or have no prompt are counted out of those that agree."""
    some = DiffState(done=9, of=9, failed=2, dropped=3, finished=True)
    none = DiffState(done=3, of=3, dropped=3, finished=True)

    assert some.message == "4 rows, no difference, 2 not compared"
    assert none.message == "no row could be compared"


@pytest.mark.slow
async def test_diff_screen(prepared: Callable[[str], Path]) -> None:
    """Choosing a target compares every row; keys go through samples, differences and targets."""
    config = prepared("chat-chatml").parent / "config.yml"
    async with running(config, size=NARROW) as run:
        await run.press("d", "down", "enter")
        screen = run.app.screen
        assert isinstance(screen, DiffScreen)
        assert "axolotl renders the rows" in run.screen
        await run.until(lambda: screen.state.finished, "the end of the diff")

        first = screen.samples.chosen
        assert first is not None
        assert "D-SYSTEM" in run.screen
        assert "drop_system_message" in run.screen
        assert "…" not in "".join(screen.sides.render_line(y).text for y in range(8))
        await run.press("n")
        assert screen.samples.chosen is not first
        await run.press("left_square_bracket", "p")
        assert screen.sides.comparison is first

        await run.press("d", "enter")
        await run.until(
            lambda: isinstance(run.app.screen, DiffScreen) and run.app.screen.state.finished,
            "the other target",
        )
        assert "no difference" in run.screen
        await run.press("escape")
        assert run.app.screen is run.bench


async def test_a_target_that_is_not_there(project: Project) -> None:
    """A file that does not exist is said where it was typed, and axolotl is not asked."""
    async with running(project.config) as run:
        await run.press("d", "down", "down", "enter")
        await run.type("nowhere.txt")
        await run.press("enter")

        assert "no such file" in run.screen
        assert run.bench.query(PromptBar)
        assert run.app.background.worker_pid is None


async def test_without_a_config_there_is_nothing_to_compare_by(project: Project) -> None:
    """With no config known the app says so."""
    async with running(project.root) as run:
        await run.press("d")

        assert "no config is known" in run.notes
