"""How the app looks, frozen: at three sizes, in light and dark, and with its panes in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from tokenizers import Tokenizer

from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.document import Request
from tests.arrow_files import LABELS, save
from tests.tui.running import Running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from tests.tui.projects import Project

    Compare = Callable[..., bool]

SIZES = ((50, 20), (80, 24), (120, 40))


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the clock and the terminal's wishes out of the picture."""
    monkeypatch.setenv("TZ", "UTC")
    for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


def after(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Return what settles the app and then presses keys."""

    async def settle(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, InspectApp)
        run = Running(app, pilot)
        await run.settled()
        for key in keys:
            await run.press(key)
        await pilot.pause()

    return settle


def app_on(path: Path) -> InspectApp:
    """Return the app on a path, without axolotl in the background."""
    return InspectApp(Request(path), confirms=False)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_sample(project: Project, snap_compare: Compare, size: tuple[int, int]) -> None:
    """A sample with a masked question and a trained answer."""
    assert snap_compare(
        app_on(project.config), terminal_size=size, run_before=after("n", "right", "right")
    )


def test_a_sample_in_light(project: Project, snap_compare: Compare) -> None:
    """The same on a light ground."""
    assert snap_compare(
        app_on(project.config), terminal_size=(120, 40), run_before=after("n", "t", "i", "w")
    )


def test_everything_in_a_wide_terminal(project: Project, snap_compare: Compare) -> None:
    """Explorer, rows, inspector and problems around a sample with a problem."""
    assert snap_compare(
        app_on(project.config), terminal_size=(160, 48), run_before=after("1", "enter")
    )


def test_help(project: Project, snap_compare: Compare) -> None:
    """The help screen over the explorer."""
    assert snap_compare(
        app_on(project.root), terminal_size=(80, 24), run_before=after("question_mark")
    )


def test_a_pair(project: Project, chatml_dir: Path, snap_compare: Compare) -> None:
    """Chosen and rejected beside each other."""
    library = Tokenizer.from_file(str(chatml_dir / "tokenizer.json"))
    sides = [
        library.encode(f"<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n{answer}").ids
        for answer in ("Because it is so.<|im_end|>", "No idea.<|im_end|>")
    ]
    folder = save(
        project.root / "pairs" / "rows",
        pa.table(
            {
                "chosen_ids": pa.array([sides[0]], LABELS),
                "rejected_ids": pa.array([sides[1]], LABELS),
                "labels_chosen": [1.0],
            }
        ),
    )
    app = InspectApp(Request(folder, tokenizer=str(chatml_dir)), confirms=False)

    assert snap_compare(app, terminal_size=(120, 30), run_before=after("tab"))
