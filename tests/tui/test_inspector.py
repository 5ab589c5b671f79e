"""The inspector shows facts of the token under the cursor, wrapped to its width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from inspect_tool.samples.sample import Sample
from inspect_tool.samples.vocabulary import Vocabulary
from inspect_tool.tui.widgets.inspector import Inspector
from tests.tui.token_app import TokenApp, parts_of, sequence_of

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (80, 40)


def lines_of(inspector: Inspector) -> list[str]:
    """What the inspector shows, line by line."""
    return [inspector.render_line(y).text for y in range(inspector.scrollable_size.height)]


@pytest.fixture
def app(chatml_dir: Path) -> TokenApp:
    """A conversation beside its inspector."""
    sequence = parts_of(
        chatml_dir,
        ("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", False),
        ("Hello there<|im_end|>", True),
    )
    return TokenApp(sequence, Vocabulary.load(chatml_dir), inspector=True)


async def test_the_inspector_follows_the_cursor(app: TokenApp) -> None:
    """Every step of the cursor shows the facts of its token."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("]")
        await pilot.pause()
        text = "\n".join(lines_of(app.query_one(Inspector)))

    assert "trained" in text
    assert "assistant" in text


async def test_facts_are_on_the_screen(app: TokenApp) -> None:
    """Each label stands on a line with the beginning of its value."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        inspector = app.query_one(Inspector)
        lines = [line.split() for line in lines_of(inspector)]
        facts = inspector.facts

    assert facts
    for fact in facts:
        assert any(
            line[: len(fact.label.split())] == fact.label.split()
            and fact.value.split()[0][:8] in " ".join(line)
            for line in lines
        ), fact


async def test_lines_fit_the_inspector(app: TokenApp) -> None:
    """Every line is exactly as wide as the inspector, wide characters and long values included."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        inspector = app.query_one(Inspector)
        columns = {"note": "漢字" * 60, "a very long name of a column": ["x" * 90], "n": None}
        sample = Sample(row=0, kind="sft", sequences=app.sample.sequences, columns=columns)
        inspector.show(sample, 0, 0, app.vocabulary)
        await pilot.pause()
        widths = {cell_len(line) for line in lines_of(inspector)}

        assert widths == {inspector.scrollable_size.width}


async def test_a_sample_without_tokens_shows_its_columns() -> None:
    """A row of plain columns is shown without a token."""
    app = TokenApp(sequence_of([]), inspector=True)
    async with app.run_test(size=SIZE) as pilot:
        inspector = app.query_one(Inspector)
        sample = Sample(row=3, kind="plain", sequences=(), columns={"score": 0.5})
        inspector.show(sample, 0, None, None)
        await pilot.pause()

        assert [(fact.label, fact.value) for fact in inspector.facts] == [("score", "0.5")]


async def test_hostile_columns_are_harmless() -> None:
    """Escapes and markup in a column are drawn, not obeyed."""
    app = TokenApp(sequence_of([]), inspector=True)
    async with app.run_test(size=SIZE) as pilot:
        inspector = app.query_one(Inspector)
        columns = {"\x1b[2J": "[red]\x1b]0;title\x07[/]\u202e"}
        inspector.show(Sample(row=3, kind="plain", sequences=(), columns=columns), 0, None, None)
        await pilot.pause()
        text = "".join(lines_of(inspector))

    assert text.isprintable()
    assert "␛[2J" in text


async def test_nothing_is_left_when_cleared(app: TokenApp) -> None:
    """A cleared inspector is blank."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        inspector = app.query_one(Inspector)
        inspector.clear()
        await pilot.pause()

        assert "".join(lines_of(inspector)).strip() == ""
