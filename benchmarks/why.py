"""Rendering raw rows, explaining one, and asking again after an edit, beside axolotl itself.

The peer is axolotl's strategy called in a loop and nothing else, in the same worker: what the tool
adds to it is reading, hashing and handing over.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

from benchmarks._peers import bare_rows_per_second
from fixtures.build import build_models, build_tokenizers
from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.prompts.origin import origin_of, raw_samples
from inspect_tool.prompts.strategies.sessions import Request
from inspect_tool.prompts.training import TrainingRows

ROOT = Path(__file__).resolve().parent.parent
ROWS = 100_000
PEER_ROWS = 2_000


def project(folder: Path) -> Path:
    """Write a config with a data file of ROWS conversations, no two alike."""
    lines = (ROOT / "fixtures/data/chat.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines if len(line) < 4000]
    with (folder / "data.jsonl").open("w") as file:
        for number in range(ROWS):
            row = rows[number % len(rows)]
            first, *others = row["messages"]
            told = {**first, "content": f"{first['content']} ({number})"}
            file.write(json.dumps({**row, "messages": [told, *others]}) + "\n")
    recipe = (ROOT / "recipes/chat-chatml.yml").read_text()
    config = folder / "train.yml"
    config.write_text(recipe.replace("fixtures/data/chat.jsonl", str(folder / "data.jsonl")))
    return config


def timed(rows: TrainingRows, number: int) -> float:
    """Return the seconds that explaining one raw row takes."""
    started = time.perf_counter()
    rows.explain(0, number)
    return time.perf_counter() - started


def rendered(rows: TrainingRows) -> tuple[float, float]:
    """Render every row; return rows and tokens a second."""
    started = time.perf_counter()
    tokens = sum(int(chunk.lengths.sum()) for chunk in rows.chunks())
    took = time.perf_counter() - started
    return rows.info.rows / took, tokens / took


def main() -> None:
    """Measure all of it and print one table."""
    build_tokenizers()
    build_models()
    with tempfile.TemporaryDirectory() as name, AxolotlWorker() as worker:
        config = project(Path(name))
        rows = TrainingRows(worker, config, ROOT)
        started = time.perf_counter()
        rows.explain(0, 0)
        first = time.perf_counter() - started
        again = min(timed(rows, number) for number in range(20))
        os.utime(config)
        edited = timed(rows, 0)
        speed, tokens = rendered(rows)
        peer = worker.call(bare_rows_per_second, Request(config, ROOT), PEER_ROWS)
        sample = raw_samples(rows, 0, ROWS - 1)[0].sample
        started = time.perf_counter()
        origin = origin_of(sample, rows)
        found = time.perf_counter() - started
    assert origin is not None
    assert origin.row == ROWS - 1
    print(f"{ROWS:,} conversations, one process")
    print(f"  first answer, axolotl's start included  {first:8.1f} s")
    print(f"  explain one more row                    {again * 1000:8.1f} ms")
    print(f"  explain it again after the YAML changed {edited * 1000:8.1f} ms")
    print(f"  find the raw row of a prepared one      {found:8.1f} s")
    print(
        f"  render every row                        {speed:8,.0f} rows/s ({tokens:,.0f} tokens/s)"
    )
    print(f"  axolotl's strategy alone                {peer:8,.0f} rows/s ({speed / peer:.0%})")


if __name__ == "__main__":
    main()
