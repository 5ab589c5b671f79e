"""How the Plan and the Run screen look, frozen, narrow and wide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inspect_tool.findings import Finding
from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import DebugOptions, plan_debug
from inspect_tool.runs.debug_choice import Chosen
from inspect_tool.runs.journal import State
from inspect_tool.runs.overrides.draft import Override
from inspect_tool.runs.plan_sides import side_lines
from inspect_tool.runs.stops.places import Stops
from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.document import Request
from inspect_tool.tui.plan import Planned
from inspect_tool.tui.screens.plan import PlanScreen
from inspect_tool.tui.screens.run import RunScreen
from tests.tui.run_folders import HERE, make_run
from tests.tui.running import Running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    Compare = Callable[..., bool]
    Before = Callable[[Pilot[Any]], Awaitable[None]]

SIZES = ((80, 24), (120, 40))
HOME = Path("/home/me/project")
WRITTEN = """\
base_model: org/model-7b
# What it learns from
datasets:
  - path: chats.jsonl
    type: sharegpt
    conversation: alpaca
adapter: qlora
load_in_4bit: true
lora_r: 32
micro_batch_size: 16
wandb_project: mine
"""
DERIVED: dict[str, Any] = {
    "base_model": "org/model-7b",
    "datasets": [{"path": "chats.jsonl", "type": "chat_template", "chat_template": "alpaca"}],
    "adapter": "lora",
    "load_in_4bit": False,
    "lora_r": 32,
    "micro_batch_size": 2,
    "max_steps": 4,
    "plugins": ["inspect_tool.runs.recorder.Recorder"],
}
CHANGED = (
    Override("adapter", "qlora", "lora", "QLoRA needs bitsandbytes on a GPU"),
    Override("load_in_4bit", True, False, "a CPU has no 4-bit kernels"),
    Override("micro_batch_size", 16, 2, "small batches, so that a step is quick"),
    Override("wandb_project", "mine", None, "logs nowhere"),
    Override("max_steps", None, 4, "a few steps show what there is to see"),
    Override("plugins", None, DERIVED["plugins"], "records every step"),
)
TRANSLATED = (
    Override("datasets.0.type", "sharegpt", "chat_template", "sharegpt is chat_template now"),
    Override("datasets.0.conversation", "alpaca", None, "chat_template says it now"),
    Override("datasets.0.chat_template", None, "alpaca", "was conversation"),
)
MISSING = Finding("P-MODEL-MISSING", "error", "org/model-7b is not on this machine", fix="--like")
TWO = (("What is it?", "A recipe for an image."), ("And 1 + 2?", "It is 3, of course."))

by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the clock and the terminal's wishes out of the picture."""
    monkeypatch.setenv("TZ", "UTC")
    for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    """A plan with every kind of line, in a folder that every machine calls the same."""
    (tmp_path / "qlora.yml").write_text(WRITTEN)
    config = replace(Config.read(tmp_path / "qlora.yml"), path=HOME / "qlora.yml")
    options = DebugOptions(keep=("lora_r",), stops=Stops(("loss",)))
    folder = HOME / ".inspect" / "runs" / "qlora-1"
    plan = plan_debug(config, cwd=HOME, folder=folder, options=replace(options, keep=()))
    plan = replace(
        plan,
        values=DERIVED,
        overrides=CHANGED,
        translated=TRANSLATED,
        problems=(MISSING,),
        options=options,
    )
    lines = side_lines(WRITTEN, plan.derived_yaml, overrides=CHANGED, translated=TRANSLATED)
    return Planned(Chosen(config.path, options), plan, lines)


def showing(planned: Planned, *keys: str) -> Before:
    """Return what opens the Plan screen on a plan, and presses keys."""

    async def before(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, InspectApp)
        run = Running(app, pilot)
        screen = PlanScreen(planned.chosen)
        await app.push_screen(screen)
        await run.until(lambda: not screen.busy, "the answer that the config is not there")
        screen.post_message(PlanScreen.Made(screen.chosen, planned))
        await run.until(lambda: screen.planned is planned, "the plan")
        await run.press(*keys)

    return before


@by_size
def test_a_plan(
    planned: Planned, tmp_path: Path, snap_compare: Compare, size: tuple[int, int]
) -> None:
    """Both sides of a config of 2024, a problem first, the reason of the line below."""
    app = InspectApp(Request(tmp_path), confirms=False)

    keys = ("n", "n", "n")
    assert snap_compare(app, terminal_size=size, run_before=showing(planned, *keys))


def on_page(*keys: str) -> Before:
    """Return what waits for the run's first look, and presses keys."""

    async def before(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, InspectApp)
        run = Running(app, pilot)
        await run.until(lambda: isinstance(app.screen, RunScreen), "the Run screen")
        screen = app.screen
        assert isinstance(screen, RunScreen)
        await run.until(lambda: screen.looked, "a look")
        await run.until(lambda: screen.batches.vocabulary, "the tokenizer")
        await run.press(*keys)

    return before


@pytest.fixture
def run_app(tmp_path: Path, chatml_dir: Path) -> InspectApp:
    """The app on a run that goes on, with five steps and a batch of two rows."""
    run = make_run(tmp_path, chatml_dir)
    run.log("[INFO] Starting trainer...", "{'loss': 7.9}", " 25%|##   | 5/20")
    for number, loss in enumerate((8.0, 6.5, None, 4.0, 3.5), 1):
        run.step(number, loss, learning_rate=0.001 / number, grad_norm=2.0 + loss if loss else 2.0)
    run.batch(1, TWO, TWO[:1], loss=[0.5, 1.5, 3.0, 4.0, 5.0, 6.5])
    run.status(State.RUNNING, **HERE)
    return InspectApp(Request(run.folder), confirms=False)


@by_size
def test_a_run(run_app: InspectApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    """Curves with a step that was not finite, the log, speed and progress."""
    assert snap_compare(run_app, terminal_size=size, run_before=on_page())


@by_size
def test_batches(run_app: InspectApp, snap_compare: Compare, size: tuple[int, int]) -> None:
    """A packed row coloured by the loss of its tokens."""
    keys = ("2", "c", "end", "left")
    assert snap_compare(run_app, terminal_size=size, run_before=on_page(*keys))
