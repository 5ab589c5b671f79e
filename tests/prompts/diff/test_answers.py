"""Trained answers cut out of rendered rows: where they begin, where they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.prompts.diff.answers import OTHER, PLAIN, Answers, answer_stop, answers_of
from inspect_tool.prompts.strategies.sessions import Request
from tests.axolotl_runs import RECIPES, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Asker = Callable[[str], Answers]

END = 9


@pytest.mark.parametrize(
    ("ids", "mask", "end", "stop"),
    [
        ([1, 1, 5, 6, END, 2], "--xxx-", (END,), 5),
        ([1, 1, 5, 6, 3, END, 2], "--xx-x-", (END,), 6),
        ([1, 1, 5, 6, END, 2], "--xx--", (), 4),
        ([1, 1, 5, 6, 2, 7], "--xx-x", (), 4),
        ([1, 1, 5, 6], "----", (), 2),
        ([1, 1, 4, 5, 6], "---xx", (), 5),
    ],
    ids=["end", "end apart", "masked end", "next run", "nothing trained", "masked beginning"],
)
def test_where_an_answer_stops(ids: list[int], mask: str, end: tuple[int, ...], stop: int) -> None:
    """After its first trained run, or the trained end that is near."""
    trained = [sign == "x" for sign in mask]

    assert answer_stop(ids, trained, 2, len(ids), end) == stop


@pytest.fixture(scope="module")
def ask(built_tokenizers: None) -> Iterator[Asker]:
    """Ask axolotl for the answers of a recipe."""
    with AxolotlWorker() as worker:
        yield lambda name: worker.call(answers_of, Request(RECIPES / f"{name}.yml", ROOT), ())


@pytest.mark.slow
def test_half_of_a_text_asks_for_the_other(ask: Asker) -> None:
    """Pieces of a text in the middle of it are not meant to end, the last one is."""
    found = ask("completion")

    assert found.kinds == (PLAIN,)
    assert all(abs(len(item.prompt) - len(item.expected)) <= 1 for item in found.answers)
    ends = {bool(item.stop.trained_end): item.expected.text for item in found.answers}
    assert ends[True].endswith("</s>")
    assert not ends[False].endswith("</s>")


@pytest.mark.slow
def test_segments_may_go_on(ask: Asker) -> None:
    """A trained segment without an end is none that misses one, where a later one ends."""
    found = ask("input-output")

    assert found.kinds == (OTHER,)
    assert all(item.stop.ok for item in found.answers)
    assert any(not item.stop.trained_end for item in found.answers)
    assert all(all(item.trained) for item in found.answers)
