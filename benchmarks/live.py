"""From a save to the row rendered anew, warm, beside the first rendering of all.

The ratio is what a live session saves: everything that the worker keeps from one save to the next.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.why import ROOT
from fixtures.build import build_models, build_tokenizers
from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.runs.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable

SAVES = 10
LOOK_SECONDS = 0.2
"""The app takes a save up after at most two looks, 0.1 s apart."""


def project(folder: Path) -> Path:
    """Write a config with a data file and a template file of its own."""
    (folder / "data.jsonl").write_bytes((ROOT / "fixtures/data/chat.jsonl").read_bytes())
    recipe = (ROOT / "recipes/chat-chatml.yml").read_text()
    (folder / "t.jinja").write_text(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    )
    text = recipe.replace("fixtures/data/chat.jsonl", str(folder / "data.jsonl"))
    template = f"chat_template: jinja\nchat_template_jinja: {folder / 't.jinja'}"
    config = folder / "live.yml"
    config.write_text(
        text.replace("chat_template: chatml", template).replace(
            "base_model: fixtures", f"base_model: {ROOT}/fixtures"
        )
    )
    return config


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print one table."""
    build_tokenizers()
    build_models()
    with tempfile.TemporaryDirectory() as name, AxolotlWorker() as worker:
        config = project(Path(name))
        live = Live(config, worker)
        cold = timed(lambda: live.render(0))
        print(f"first row, cold            {cold:8.3f} s")
        for file in (config, config.with_name("t.jinja"), config.with_name("data.jsonl")):
            worst = 0.0
            for number in range(SAVES):
                file.write_text(f"{file.read_text()}{'' if number else chr(10)}")
                worst = max(worst, timed(lambda: live.render(0)))
            shown = worst + LOOK_SECONDS
            print(
                f"save of {file.name:<12} worst  {worst:8.3f} s, on screen within {shown:.3f} s, "
                f"cold takes {cold / worst:.0f} times as long"
            )


if __name__ == "__main__":
    main()
