"""The Live screen with real axolotl: rows on demand, and again on every save."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.document import Request
from inspect_tool.tui.screens.live import LiveScreen
from inspect_tool.tui.widgets.page import Page
from tests.tui.running import WIDE, Running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
)


def write_project(root: Path, tokenizer: Path) -> Path:
    """Write a config with a template file and two conversations; nothing is prepared."""
    (root / ".git").mkdir()
    (root / "t.jinja").write_text(TEMPLATE)
    rows = [
        {"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]}
        for q, a in (("Add 1 and 2", "It is 3"), ("Say hello", "Hello there"))
    ]
    (root / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    config = root / "live.yml"
    lines = (
        f"base_model: {tokenizer}",
        "chat_template: jinja",
        "chat_template_jinja: t.jinja",
        "datasets:",
        "  - path: data.jsonl",
        "    type: chat_template",
        "sequence_len: 256",
        "micro_batch_size: 1",
        "gradient_accumulation_steps: 1",
        "num_epochs: 1",
        "learning_rate: 0.001",
        "optimizer: adamw_torch",
        "output_dir: out",
    )
    config.write_text("\n".join([*lines, ""]))
    return config


@asynccontextmanager
async def live_on(config: Path) -> AsyncIterator[tuple[Running, LiveScreen]]:
    """Run the app with --live on a config and wait for the first outcome."""
    app = InspectApp(Request(config, live=True), confirms=False)
    async with app.run_test(size=WIDE) as pilot:
        run = Running(app, pilot)
        await run.until(lambda: isinstance(app.screen, LiveScreen), "the Live screen")
        screen = app.screen
        assert isinstance(screen, LiveScreen)
        await run.until(lambda: screen.shown or screen.problem, "the first row")
        yield run, screen


def said(screen: LiveScreen) -> str:
    """Return what stands where the sample was."""
    return screen.query(Page).first().text


async def test_saving_renders_again(tmp_path: Path, chatml_dir: Path) -> None:
    """Template, config and data: each save shows the row anew with what changed marked."""
    config = write_project(tmp_path, chatml_dir)
    async with live_on(config) as (run, screen):
        assert "Add 1 and 2" in run.screen

        (tmp_path / "t.jinja").write_text(TEMPLATE.replace("<|im_end|>", " <|im_end|>"))
        await run.until(lambda: screen.changes and screen.changes.added, "the new space")
        assert screen.tokens._matches is not None

        config.write_text(
            config.read_text().replace(
                "chat_template\ns", "chat_template\n    roles_to_train: [user]\ns"
            )
        )
        await run.until(lambda: "relabelled" in run.screen, "other labels")

        data = tmp_path / "data.jsonl"
        data.write_text(data.read_text().replace("Add 1", "Sum up 1"))
        await run.until(lambda: "Sum up 1 and 2" in run.screen, "the new text")

        await run.press("n")
        await run.until(lambda: "Say hello" in run.screen, "the next row")
        assert "out" not in {path.name for path in tmp_path.iterdir()}


async def test_what_is_broken_says_so_and_recovers(tmp_path: Path, chatml_dir: Path) -> None:
    """What is wrong with the YAML or the template stands where the sample was, with a way out."""
    config = write_project(tmp_path, chatml_dir)
    whole = config.read_text()
    config.write_text("base_model: [")
    async with live_on(config) as (run, screen):
        assert "live.yml" in said(screen)
        assert screen.shown is None

        config.write_text(whole)
        await run.until(lambda: "Add 1 and 2" in run.screen, "the row")

        (tmp_path / "t.jinja").write_text("{% for m in messages %}{{ m.role }")
        await run.until(lambda: "refuses" in said(screen), "the template's error")
        assert "next save" in said(screen)

        (tmp_path / "t.jinja").write_text(TEMPLATE)
        await run.until(lambda: "Add 1 and 2" in run.screen, "its mending")

        config.write_text(whole.replace("type: chat_template", "type: sharegpt"))
        await run.until(lambda: "field_messages" in said(screen), "the refusal")
        await run.press("escape")
        assert run.app.screen is run.bench
