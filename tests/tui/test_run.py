"""The Run screen on run folders: live, over, failed, killed, and its batches token by token."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from inspect_tool.runs.journal import State
from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.document import Request
from inspect_tool.tui.screens.run import RunScreen
from tests.hostile import TEXTS
from tests.tui.run_folders import GONE, HERE, RunFolder, make_run
from tests.tui.running import NARROW, WIDE, Running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TWO = (("What is it?", "A recipe."), ("And 1 + 2?", "It is 3, of course."))


@pytest.fixture
def run_folder(tmp_path: Path, chatml_dir: Path) -> RunFolder:
    """A run that waits for a debugger."""
    (tmp_path / ".git").mkdir()
    run = make_run(tmp_path, chatml_dir, debugger=True)
    run.status(State.WAITING, port=5678, **HERE)
    return run


@asynccontextmanager
async def watching(
    run: RunFolder, *, size: tuple[int, int] = WIDE
) -> AsyncIterator[tuple[Running, RunScreen]]:
    """Open the app on a run's folder and wait for the first look into it."""
    app = InspectApp(Request(run.folder), confirms=False)
    async with app.run_test(size=size) as pilot:
        running = Running(app, pilot)
        await running.until(lambda: isinstance(app.screen, RunScreen), "the Run screen")
        screen = app.screen
        assert isinstance(screen, RunScreen)
        await running.until(lambda: screen.looked, "a first look")
        yield running, screen


async def test_a_run_is_followed(run_folder: RunFolder) -> None:
    """From waiting on, what another process writes appears without a key."""
    async with watching(run_folder) as (run, _):
        assert "waits for a debugger on 127.0.0.1:5678" in run.screen
        assert '"justMyCode": false' in run.screen

        run_folder.status(State.RUNNING)
        run_folder.log("Starting trainer...")
        for number in (1, 2, 3):
            run_folder.step(number, 8.0 - number)
        await run.until(lambda: "step 3/20" in run.screen, "the third step")
        assert "Starting trainer..." in run.screen
        assert '"justMyCode": false' not in run.screen


async def test_a_killed_run_says_so(run_folder: RunFolder) -> None:
    """A status whose process is gone: it died, and the log is still there."""
    run_folder.log("the last words")
    run_folder.status(State.RUNNING, **GONE)
    async with watching(run_folder) as (run, screen):
        assert "died" in screen.status.text
        await run.press("1")
        assert "the last words" in run.screen


async def test_a_failure_is_explained(run_folder: RunFolder) -> None:
    """Cause and evidence come to the front; the traceback is a key away, with file and line."""
    run_folder.log(
        "Traceback (most recent call last):",
        '  File "/home/me/train.py", line 7, in <module>',
        "    raise RuntimeError('CUDA out of memory. Tried to allocate 2 GiB')",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    )
    run_folder.status(State.FAILED, message="out of memory", exit_status=1)
    async with watching(run_folder) as (run, screen):
        await run.until(lambda: screen.page == "problems", "the problems")
        assert "Tried to allocate 2.00 GiB" in run.screen
        assert "/home/me/train.py:7" in run.screen

        await run.press("4")
        assert "raise RuntimeError" in run.screen


async def test_a_hostile_run(run_folder: RunFolder) -> None:
    """No control character of a log, a status, a batch's line or its text reaches the terminal."""
    every = " ".join(TEXTS.values())
    run_folder.log(*(f"{name}: {text}" for name, text in TEXTS.items()))
    texts = tuple((text.encode(errors="replace").decode(), "answer") for text in TEXTS.values())
    run_folder.batch(1, texts, per_token=False)
    lines = run_folder.folder / "batches.jsonl"
    line = json.loads(lines.read_text())
    line |= {"token_loss_missing": every, "row_names": [every]}
    lines.write_text(json.dumps(line) + "\n")
    run_folder.status(State.FAILED, message=every)
    async with watching(run_folder) as (run, screen):
        await run.until(lambda: "sgr: " in screen.log_view.text, "the lines")
        await run.until(lambda: screen.batches.vocabulary, "the tokenizer")
        shown = [screen.log_view.text]
        for key in ("1", "2", "c", "3", "4"):
            await run.press(key)
            shown.append(run.screen)

        assert "answer" in shown[2]
        assert not {char for char in "\n".join(shown) if not char.isprintable() and char != "\n"}


async def test_batches_row_by_row(run_folder: RunFolder) -> None:
    """Tokens, where samples end, padding; on to the next row, the next batch and back."""
    run_folder.batch(1, TWO, TWO[:1])
    run_folder.batch(2, TWO[:1])
    async with watching(run_folder, size=NARROW) as (run, screen):
        await run.press("2")
        await run.until(lambda: "A recipe." in run.screen, "the tokens as text")
        assert "sample 1 of 2" in run.screen
        assert "positions restart" in run.screen

        await run.press("n")
        assert "padding follows, " in run.screen

        await run.press("N")
        assert shown_row(screen) == (2, 0)
        await run.press("P")
        assert shown_row(screen) == (1, 0)


async def test_the_loss_of_tokens(run_folder: RunFolder) -> None:
    """A key colours them by loss, another writes it after each; the inspector says it."""
    run_folder.batch(1, TWO, loss=[0.5, 6.5])
    async with watching(run_folder) as (run, screen):
        await run.press("2", "c")
        tokens = screen.batches.tokens
        assert tokens.row is not None
        tokens.cursor = int(tokens.row.labels.span_starts[1]) + 1
        await run.pilot.pause()
        assert "6.5000 nats" in run.screen
        assert "loss from" in screen.batches.legend.text

        await run.press("i")
        assert "₆.₅" in run.screen


async def test_a_run_of_another_terminal_is_left_alone(run_folder: RunFolder) -> None:
    """Ctrl-C says whose it is; escape goes back without a question, and looks no more."""
    async with watching(run_folder) as (run, screen):
        await run.press("ctrl+c")
        assert "not started here (process " in run.notes

        await run.press("escape")
        assert run.app.screen is run.bench
        assert not screen.is_running


async def test_a_run_from_the_explorer(run_folder: RunFolder) -> None:
    """Choosing it opens the Run screen, and no tab."""
    app = InspectApp(Request(run_folder.folder.parents[2]), confirms=False)
    async with app.run_test(size=WIDE) as pilot:
        run = Running(app, pilot)
        await run.settled()
        run.bench.explorer.focus()
        await run.press("end", "enter")
        await run.until(lambda: isinstance(app.screen, RunScreen), "the Run screen")

        assert not run.bench.views


def shown_row(screen: RunScreen) -> tuple[int, int]:
    """Return the step and the number of the row that is shown."""
    row = screen.batches.tokens.row
    assert row is not None
    return row.batch.step, row.number
