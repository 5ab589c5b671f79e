"""Make the README's pictures from the app itself: ``make pictures``.

The demo's dataset is opened in the real app, headless, keys are pressed, and what Textual then
draws is saved as SVG and, through Chromium, as PNG.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.tui.app import InspectApp
from inspect_tool.tui.document import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
DEMO = Path("recipes/chat-chatml.yml")
BROWSER = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Picture:
    """One picture: the keys that lead to it and the terminal it is drawn in."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    config: Path = DEMO


PACKED = Path("recipes/packed.yml")
THIRTY_STEPS = ("a", "ctrl+u", "3", "0", "space", "6", "4", "enter")
PICTURES = (
    Picture("app-dark", (140, 40), ("n", "n", "n", *["right_square_bracket"] * 2)),
    Picture("app-light", (140, 40), ("t", "n", *["right_square_bracket"] * 3, "w")),
    Picture("problems", (140, 40), ("N", "ctrl+j")),
    Picture("why", (140, 40), ("n", "right_square_bracket", "enter", "R")),
    Picture("plan", (140, 40), ("D", "s", "enter", "n", "n"), PACKED),
    Picture("rehearsal", (140, 32), ("S", "minus", "minus", "r")),
    Picture("run", (140, 40), ("D", *THIRTY_STEPS, "b", "enter"), PACKED),
    Picture(
        "batches",
        (140, 40),
        ("D", "n", "n", "space", "b", "enter", "2", "c", *["right_curly_bracket"] * 2),
        PACKED,
    ),
)
"""Those of a run train: each takes as long as axolotl does."""


async def draw(picture: Picture) -> str:
    """Return the SVG of one picture; each key waits for all that the one before has started."""
    app = InspectApp(Request(picture.config))
    async with app.run_test(size=picture.size) as pilot:
        for key in ("", *picture.keys):
            if key:
                await pilot.press(key)
            await pilot.pause()
            await app.workers.wait_for_complete()
            await pilot.pause()
        return app.export_screenshot(title=f"inspect-tool {picture.config}")


def photograph(svg: str, to: Path) -> None:
    """Turn an SVG into a PNG of the same size with a headless Chromium."""
    browser = next((found for name in BROWSER if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("pictures: no Chromium on PATH; install the package chromium")
    width, height = (
        round(float(n)) for n in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0]
    )
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "picture.svg"
        page.write_text(svg, "utf-8")
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--disable-background-networking", f"--user-data-dir={scratch}/profile"),
                *(f"--window-size={width},{height}", f"--screenshot={to}", page.as_uri()),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
        )


@contextmanager
def project() -> Iterator[None]:
    """Work in a folder like a user's: some configs, the data, and what axolotl prepared."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("fixtures", "last_run_prepared"):
            (Path(scratch) / name).symlink_to(ROOT / name)
        recipes = Path(scratch) / DEMO.parent
        recipes.mkdir()
        for name in ("alpaca", "chat-chatml", "chat-llama3", "packed", "thinking", "tools"):
            shutil.copy(ROOT / DEMO.parent / f"{name}.yml", recipes)
        with chdir(scratch):
            yield


def main() -> None:
    """Draw every picture into docs/pictures/."""
    FOLDER.mkdir(exist_ok=True)
    with project():
        for picture in PICTURES:
            photograph(asyncio.run(draw(picture)), FOLDER / f"{picture.name}.png")
            print(FOLDER / f"{picture.name}.png")


if __name__ == "__main__":
    main()
