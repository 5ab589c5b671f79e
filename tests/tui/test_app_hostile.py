"""Hostile data in the app: nothing of it reaches the terminal but visible characters."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pexpect
import pytest
from textual.color import Color

from inspect_tool.tui.widgets.page import Page
from tests.hostile import TEXTS, hostile_text, hostile_tokenizer, hostile_tokens
from tests.processes import ARGV, environment
from tests.tui.running import NARROW, WIDE, running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.running import Running

ESCAPES = re.compile(rb"\x1b(?:\[[0-9;:?<>=$]*[ -/]*[@-~]|\]22;[a-z-]*\x07|[=>78])")
"""Escape sequences that a Textual app writes: CSI, the keypad modes, the pointer's shape."""


def unsafe(text: str) -> set[str]:
    """Return the characters that are neither printable nor a line's end."""
    return {char for char in text if not char.isprintable() and char not in "\n\u3000"}


async def every_key(run: Running) -> str:
    """Go through rows, cursor, lists, panel and search; return all that was on the screen."""
    seen = []
    for keys in (["down"], ["w"], ["i"], ["n"], ["n"], ["n"], ["1"], ["2"], ["3"], ["p", "r"]):
        await run.press(*keys)
        seen.append(run.screen)
    return "\n".join(seen)


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_hostile_tokens(tmp_path: Path, size: tuple[int, int]) -> None:
    """Pieces full of escapes, ids from nowhere and an empty row are all shown harmlessly."""
    tokenizer = hostile_tokenizer(tmp_path / "tokenizer")
    dataset = hostile_tokens(tmp_path / "d")
    async with running(dataset, size=size, tokenizer=str(tokenizer)) as run:
        assert not unsafe(await every_key(run))


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_hostile_text(tmp_path: Path, size: tuple[int, int]) -> None:
    """Text rows and columns with hostile names and values are shown harmlessly."""
    async with running(hostile_text(tmp_path / "d"), size=size) as run:
        assert not unsafe(await every_key(run))


async def test_hostile_search(tmp_path: Path) -> None:
    """Searching for an escape sequence shows its matches, and harmlessly."""
    tokenizer = hostile_tokenizer(tmp_path / "tokenizer")
    dataset = hostile_tokens(tmp_path / "d")
    async with running(dataset, tokenizer=str(tokenizer)) as run:
        run.app.begin_search(TEXTS["sgr"])
        await run.until(lambda: "2 matches of ␛[31" in run.screen, "both matches")

        assert not unsafe(run.screen)


async def test_hostile_names_of_files(tmp_path: Path) -> None:
    """Names of files and folders are data too."""
    name = "evil\x1b]0;t\x07[bold]\u202e.yml"
    (tmp_path / ".git").mkdir()
    (tmp_path / name).write_text("base_model: x\ndatasets:\n  - path: y\n    type: alpaca\n")
    async with running(tmp_path) as run:
        await run.press("enter")
        await run.until(lambda: run.app.view, "the tab")

        assert "[bold]" in run.screen
        assert not unsafe(run.screen)


async def test_hostile_error(tmp_path: Path) -> None:
    """What an error quotes is made harmless before it is shown."""
    config = tmp_path / "c.yml"
    config.write_text('base_model: "\\e[31m[red]x[/]"\nbase_model: "a\\a"\ndatasets: "\\e[2J"\n')
    async with running(config) as run:
        assert run.view.query_one(Page).text
        assert not unsafe(run.screen)


def test_raw_bytes_in_a_terminal(tmp_path: Path) -> None:
    """In a real terminal nothing is written but Textual's own control sequences and text."""
    tokenizer = hostile_tokenizer(tmp_path / "tokenizer")
    dataset = hostile_tokens(tmp_path / "d")
    child = pexpect.spawn(
        ARGV[0],
        [*ARGV[1:], str(dataset), "--tokenizer", str(tokenizer)],
        env=environment({"TERM": "xterm-256color", "COLORTERM": "truecolor"}),
        dimensions=(30, 100),
        timeout=60,
        encoding=None,
        cwd=str(tmp_path),
    )
    raw = child.logfile_read = io.BytesIO()
    try:
        for keys, awaited in (("", b"of 1"), ("n", b"row 1"), ("n", b"row 2"), ("q", pexpect.EOF)):
            child.send(keys)
            child.expect(awaited)
    finally:
        child.close(force=True)

    assert child.exitstatus == 0
    assert not unsafe(ESCAPES.sub(b"", raw.getvalue()).decode("utf-8").replace("\r", ""))


def test_themes_are_readable() -> None:
    """Text in every tone stands out from what is behind it, in light and in dark."""
    from inspect_tool.tui.theme import DARK, LIGHT

    for theme in (DARK, LIGHT):
        colors = theme.to_color_system().generate()
        for name in ("foreground", "text-primary", "text-success", "text-warning", "text-error"):
            for behind in ("background", "surface", "panel"):
                text, ground = Color.parse(colors[name]), Color.parse(colors[behind])
                assert _contrast(text, ground) >= 4.5, (theme.name, name, behind)


def _contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of WCAG 2."""

    def luminance(color: Color) -> float:
        parts = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
