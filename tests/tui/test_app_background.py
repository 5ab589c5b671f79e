"""The app and the real axolotl: confirming, reading its tokenizer, preparing, and letting go."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pexpect
import psutil
import pytest

from inspect_tool.runs.target import Status
from inspect_tool.tui.widgets.page import Page
from tests.processes import ARGV, TIMEOUT, environment
from tests.tui.running import Running, running
from tests.waiting import until, until_gone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.projects import Project

pytestmark = pytest.mark.slow


def write_recipe(root: Path, tokenizer: Path, *lines: str) -> Path:
    """Write a config of two alpaca rows that axolotl can prepare on a CPU, with its data."""
    (root / "data.jsonl").write_text(
        '{"instruction": "Add 1 and 2", "input": "", "output": "3"}\n'
        '{"instruction": "Say hello", "input": "", "output": "Hello there"}\n'
    )
    config = root / "tiny.yml"
    usual = [
        f"base_model: {tokenizer}",
        "datasets:",
        "  - path: data.jsonl",
        "    type: alpaca",
        "sequence_len: 256",
        "micro_batch_size: 1",
        "gradient_accumulation_steps: 1",
        "num_epochs: 1",
        "learning_rate: 0.001",
        "optimizer: adamw_torch",
        "output_dir: out",
        "seed: 1",
    ]
    config.write_text("\n".join([*usual, *lines, ""]))
    return config


async def prepared(run: Running) -> None:
    """Prepare what is open and wait until it is shown."""
    await run.press("b")
    await run.until(lambda: run.app.background.preparing is None, "the end of the preparation")
    await run.until(lambda: run.view.sample or "made no dataset" in run.screen, "its outcome")


def children() -> set[int]:
    """Return the processes that this one has started and that still run."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def test_prepare_and_confirm(tmp_path: Path, chatml_dir: Path) -> None:
    """A config without a dataset is prepared by axolotl, shown, and confirmed by its hash."""
    (tmp_path / ".git").mkdir()
    config = write_recipe(tmp_path, chatml_dir)
    async with running(config, confirms=True) as run:
        await prepared(run)
        await run.until(
            lambda: run.document.target and run.document.target.status is Status.CONFIRMED,
            "the confirmation",
        )

        assert "Say hello" in run.screen or "Add 1 and 2" in run.screen
        assert "tiny.yml (confirmed)" in run.screen
        assert "preparing" in (await run.bench.panel()).output.text
        assert not (tmp_path / "out").exists()
        assert not (tmp_path / "last_run_prepared").exists()


async def test_axolotls_own_tokenizer_takes_over(tmp_path: Path, chatml_dir: Path) -> None:
    """Where a config adds tokens, axolotl's tokenizer is read behind and put in place, once."""
    (tmp_path / ".git").mkdir()
    config = write_recipe(tmp_path, chatml_dir, "tokens:", '  - "<|new|>"')
    async with running(config, confirms=True) as run:
        await prepared(run)

        def knows_the_new_token() -> bool:
            opened = run.document.opened
            return bool(opened and opened.vocabulary and "<|new|>" in opened.vocabulary.pieces)

        await run.until(knows_the_new_token, "axolotl's tokenizer")
        before = run.document
        await run.press("ctrl+r")
        await run.until(lambda: run.document.opened is not before.opened, "the dataset again")
        again = run.document.opened.vocabulary if run.document.opened else None
        await run.until(lambda: run.document.staleness is not None, "all that axolotl is asked")

        assert run.document.opened
        assert run.document.opened.vocabulary is again


async def test_failed_preparation_says_why(tmp_path: Path, chatml_dir: Path) -> None:
    """What axolotl says when it fails is shown, and the app goes on."""
    (tmp_path / ".git").mkdir()
    config = write_recipe(tmp_path, chatml_dir)
    (tmp_path / "data.jsonl").write_text('{"nothing": "of use"}\n')
    async with running(config) as run:
        await prepared(run)

        assert "made no dataset" in run.view.query_one(Page).text
        assert "prepare it now" in run.screen


async def test_preparation_can_be_ended(tmp_path: Path, chatml_dir: Path) -> None:
    """Pressed again, the key asks, and ends what runs."""
    (tmp_path / ".git").mkdir()
    config = write_recipe(tmp_path, chatml_dir)
    async with running(config) as run:
        before = children()
        await run.press("b")
        await run.until(lambda: children() - before, "the child")
        started = children() - before
        await run.press("b", "down", "enter")
        await run.until(lambda: run.app.background.preparing is None, "its end")

        until_gone(*started)


async def test_worker_that_dies_is_told(project: Project) -> None:
    """When the axolotl worker is killed, the app says so and shows what it has."""
    async with running(project.config, confirms=True) as run:
        await run.until(lambda: run.app.background.worker_pid, "the worker")
        os.kill(run.app.background.worker_pid or 0, signal.SIGKILL)
        await run.until(lambda: not run.document.confirming, "the answer")

        assert run.document.target is not None
        assert run.document.target.status is Status.UNKNOWN
        assert "died" in run.document.target.message
        assert "What is a Dockerfile?" in run.screen


async def test_quitting_ends_the_worker(project: Project) -> None:
    """Nothing that the app started outlives it, not even while it is at work."""
    async with running(project.config, confirms=True) as run:
        await run.until(lambda: run.app.background.worker_pid, "worker")
        worker = run.app.background.worker_pid
        await run.press("q")

    assert worker
    until_gone(worker)


def spawned(project: Project) -> pexpect.spawn[bytes]:
    """Start the app on a terminal of its own, whatever the tests themselves run on."""
    arguments = [*ARGV[1:], str(project.config)]
    env = environment({"TERM": "xterm-256color"})
    return pexpect.spawn(ARGV[0], arguments, dimensions=(24, 100), env=env, timeout=TIMEOUT)


def test_terminated_app_leaves_the_terminal_as_it_was(project: Project) -> None:
    """SIGTERM ends the app the way q does: the screen is given back, nothing is left running."""
    child = spawned(project)
    app = psutil.Process(child.pid)
    try:
        child.expect("asking axolotl")
        until(lambda: app.children(recursive=True), "the worker")
        below = [process.pid for process in app.children(recursive=True)]
        app.terminate()
        child.expect(r"\x1b\[\?1049l")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)

    assert child.exitstatus == 128 + signal.SIGTERM
    until_gone(*below)


def test_killed_app_leaves_nothing(project: Project) -> None:
    """Even kill -9 of the app takes the worker with it."""
    child = spawned(project)
    app = psutil.Process(child.pid)
    try:
        child.expect("asking axolotl")
        until(lambda: app.children(recursive=True), "the worker")
        below = [process.pid for process in app.children(recursive=True)]
        app.kill()
    finally:
        child.close(force=True)

    until_gone(*below)


async def test_rows_that_render_differently_are_stale(tmp_path: Path, chatml_dir: Path) -> None:
    """A dataset whose data was edited since is called stale, with the reason and the row."""
    (tmp_path / ".git").mkdir()
    config = write_recipe(tmp_path, chatml_dir)
    async with running(config, confirms=True) as run:
        await prepared(run)
        await run.until(lambda: run.document.staleness, "the sampled rows")
        assert not run.document.stale

        data = tmp_path / "data.jsonl"
        data.write_text(data.read_text().replace("Hello there", "Good day"))
        await run.press("ctrl+r")
        await run.until(lambda: run.document.stale, "the verdict")

        assert "stale: " in run.screen
        (found,) = [f for f in run.document.known_findings if f.code == "F-STALE"]
        assert "1 of 2 raw rows render differently" in found.message
        assert "data.jsonl:2" in found.message
