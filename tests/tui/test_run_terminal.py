"""Debug runs started from the app in a terminal: a stop in axolotl's source, and no leftovers."""

from __future__ import annotations

import shutil
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.build import build_models, build_tokenizers
from inspect_tool.runs.debug import PORT
from inspect_tool.runs.journal import State, Status, read_status
from inspect_tool.runs.ports import HOST
from tests.axolotl_runs import RECIPES, ROOT
from tests.dap import DapClient
from tests.runs.debug.sessions import contents, project
from tests.tui.terminal import TerminalApp
from tests.waiting import until, until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ENTER, CTRL_C, ESCAPE = "\r", "\x03", "\x1b"


@pytest.fixture(autouse=True)
def usual_port() -> Iterator[None]:
    """Take the usual port, so that runs choose free ones: anybody may want that one meanwhile."""
    with socket.socket() as taken:
        with suppress(OSError):
            taken.bind((HOST, PORT))
            taken.listen()
        yield


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config with its data and a base model."""
    (tmp_path / ".git").mkdir()
    return project(tmp_path)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The chat recipe in a project of its own."""
    build_tokenizers()
    build_models()
    (tmp_path / ".git").mkdir()
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    return Path(shutil.copy(RECIPES / "chat-chatml.yml", tmp_path))


def folder_of(config: Path) -> Path:
    """Return the folder of a config's first run."""
    return config.parent / ".inspect" / "runs" / f"{config.stem}-1"


def until_state(folder: Path, state: State) -> Status:
    """Wait until a run's folder says so."""
    until(lambda: (found := read_status(folder)) and found.state is state, f"{folder}: {state}")
    status = read_status(folder)
    assert status is not None
    return status


def start(app: TerminalApp) -> None:
    """Plan a run that stops in compute_loss, and start it."""
    app.until_shown(".yml")
    app.press("D")
    app.until_shown("what axolotl will read")
    app.until_shown("no named stop")
    app.press("s")
    app.until_shown("the trainer's compute_loss")
    app.press(ENTER)
    app.until_shown("stops at loss")
    app.press(ENTER)
    app.until_shown("● waits for a debugger on 127.0.0.1:")


def test_a_stop_in_compute_loss(recipe: Path) -> None:
    """From the app to axolotl's compute_loss with a debugger attached, then to the run's end.

    The user's files are as they were.
    """
    before = contents(recipe.parent)
    with TerminalApp(recipe, cwd=recipe.parent) as app:
        start(app)
        port = until_state(folder_of(recipe), State.WAITING).port
        assert port is not None
        with DapClient(port) as client:
            client.attach()
            frame = client.stopped()
            assert frame.file.endswith("axolotl/core/trainers/base.py")
            assert frame.function.rpartition(".")[2] == "compute_loss"
            client.go_on()
            client.ended()
        app.until_shown("finished, step 4/4")
        app.press("2")
        app.until_shown("sample 1 of 1: row")
        app.press("q")
        assert app.wait() == 0
    assert contents(recipe.parent) == before


def test_a_run_is_left_and_ended(config: Path) -> None:
    """It goes on behind the app; ctrl+c ends all of it, the folder says so, and the app goes on."""
    with TerminalApp(config, cwd=config.parent) as app:
        start(app)
        first = until_state(folder_of(config), State.WAITING)
        below = app.below()
        app.press(ESCAPE)
        app.until_shown("leave it running")
        app.press(ENTER)
        app.until_shown("EXPLORER")
        app.press("D")
        app.until_shown("● waits for a debugger on 127.0.0.1:")
        again = until_state(folder_of(config), State.WAITING)
        assert (again.pid, again.port) == (first.pid, first.port)

        app.press(CTRL_C)
        app.until_shown("interrupted")
        until_state(folder_of(config), State.INTERRUPTED)
        until_gone(*below)
        app.press(ESCAPE)
        app.until_shown("EXPLORER")


def test_quitting_ends_the_run(config: Path) -> None:
    """Nothing outlives the app, and the run's folder knows how it ended."""
    with TerminalApp(config, cwd=config.parent) as app:
        start(app)
        below = app.below()
        app.press("q")
        assert app.wait() == 0

    until_gone(*below)
    until_state(folder_of(config), State.INTERRUPTED)


def test_a_killed_app_leaves_nothing(config: Path) -> None:
    """Kill -9 takes the run with it; opened again, its folder says that it died."""
    with TerminalApp(config, cwd=config.parent) as app:
        start(app)
        below = app.below()
        app.process.kill()
        until_gone(*below)

    until_state(folder_of(config), State.DIED)
    with TerminalApp(folder_of(config), cwd=config.parent) as app:
        app.until_shown("died")
