"""Why and the raw row in the running app, with real axolotl behind it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from inspect_tool.tui.widgets.panel import Panel
from tests.tui.running import NARROW, Running, running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.tui.why_desk import WhyDesk
    from tests.tui.projects import Project


def desk(run: Running) -> WhyDesk:
    """Return who asks why."""
    return run.bench.why


def said(run: Running) -> str:
    """Return what the page says."""
    return "\n".join(fact.value for fact in run.bench.query_one(Panel).why.facts)


async def explained(run: Running) -> None:
    """Press enter and wait for the answer."""
    await run.press("enter")
    await run.until(lambda: desk(run).answer_for(run.view), "the answer")


@pytest.mark.slow
async def test_why_and_raw_row(prepared: Callable[[str], Path]) -> None:
    """Enter says why; the raw row stands beside with the same characters lit, both ways."""
    folder = prepared("chat-chatml")
    async with running(folder.parent / "config.yml", confirms=True) as run:
        await run.press("enter")
        assert "axolotl renders" in said(run)
        await run.until(lambda: desk(run).answer_for(run.view), "the answer")
        assert "chat_template is chatml (config.yml:" in said(run)

        await run.press("right", "right", "right", "R")
        raw = desk(run).raw
        assert raw is not None
        assert raw.view.pieces is not None
        tokens = run.view.tokens
        assert tokens is not None
        assert tokens._passage is not None
        await run.press("escape")
        while run.view.sequence is not None and not run.view.sequence.labels[tokens.cursor] > 0:  # type: ignore[index]
            await run.press("right")
        pieces = raw.view.pieces
        lit = "".join(pieces.passage.texts[p] for p in pieces.of_token(tokens.cursor))
        assert lit == tokens._passage.texts[tokens.cursor]
        assert raw.view._matches is not None
        assert "why" in [fact.label for fact in run.bench.inspector.facts]

        before = tokens.cursor
        await run.press("R", "right")
        await run.until(lambda: tokens.cursor != before, "the tokens to follow the raw row")
        await run.press("R")
        assert run.app.focused is tokens
        await run.press("escape")
        assert not raw.display


@pytest.mark.slow
async def test_raw_file_that_is_gone(prepared: Callable[[str], Path], tmp_path: Path) -> None:
    """Without its raw file a row cannot be explained: said in place, and asked again by enter."""
    folder = prepared("chat-chatml")
    shutil.copytree(folder, tmp_path / "prepared")
    config = tmp_path / "chat.yml"
    text = (
        (folder.parent / "config.yml").read_text().replace(str(folder), str(tmp_path / "prepared"))
    )
    config.write_text(text.replace("fixtures/data/chat.jsonl", str(tmp_path / "chat.jsonl")))
    async with running(config, size=NARROW) as run:
        await explained(run)
        assert "chat.jsonl" in said(run)
        assert "enter asks again" in said(run)

        shutil.copy("fixtures/data/chat.jsonl", tmp_path / "chat.jsonl")
        await explained(run)
        assert "chat_template is chatml" in said(run)


async def test_nothing_is_asked_without_a_sample(project: Project) -> None:
    """With nothing to explain, the keys do nothing."""
    async with running(project.root / "other.yml") as run:
        await run.press("enter", "R")

        assert run.app.background.worker_pid is None
