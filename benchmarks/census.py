"""Census and checks of 100 million tokens, beside the least that counting them can take.

The limit is `np.count_nonzero(labels != -100)` over the mapped buffers; the peer is a loop over the
rows of `datasets`. A million rows are counted, sorted by trained share and jumped into.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._datasets import supervised
from fixtures.build import build_tokenizers
from fixtures.places import MISTRAL
from inspect_tool.samples.census import census
from inspect_tool.samples.checks import check
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7
PEER_ROWS = 1000
"""Rows that the peer is measured on; it takes minutes for all."""


def best(work: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """Return the shortest of several times, seconds; the page cache is warm after the first."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def limit(dataset: PreparedDataset) -> int:
    """Count trained tokens and do nothing else."""
    count = 0
    for block in dataset.blocks:
        labels, offsets = block.lists("labels")
        count += int(np.count_nonzero(labels[offsets[0] : offsets[-1]] != -100))
    return count


def row_loop(folder: Path) -> float:
    """Count trained tokens row by row with `datasets`; seconds for all rows, from the first."""
    from datasets import load_from_disk

    rows = load_from_disk(str(folder))
    some = rows.select(range(PEER_ROWS))
    taken = best(
        lambda: sum(sum(label != -100 for label in row["labels"]) for row in some), rounds=3
    )
    return taken * len(rows) / PEER_ROWS


def command(folder: Path) -> None:
    """Run the whole command in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "inspect_tool", "check", str(folder), "--tokenizer", str(MISTRAL)],
        stdout=subprocess.DEVNULL,
        check=False,
    )


def own_memory() -> float:
    """Return this process's memory that is not a file's, MiB; NaN where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:"))


def million(folder: Path) -> None:
    """Open, count, sort by trained share and read the worst row; print each step."""
    started = time.perf_counter()
    dataset = PreparedDataset.open(folder)
    opened = time.perf_counter()
    first: list[float] = []
    counted = census(dataset, on_part=lambda _: first.append(time.perf_counter()))
    done = time.perf_counter()
    worst = int(counted.order("share")[0])
    ordered = time.perf_counter()
    dataset.sample(worst)
    shown = time.perf_counter()
    print(
        f"{counted.rows:,} rows: opened in {(opened - started) * 1000:.0f} ms, counted in "
        f"{(done - opened) * 1000:.0f} ms (first part after "
        f"{((first or [done])[0] - opened) * 1000:.0f} ms), sorted in "
        f"{(ordered - done) * 1000:.0f} ms, worst row read in {(shown - ordered) * 1000:.1f} ms"
    )


def main() -> None:
    """Measure all of it and print one table."""
    build_tokenizers()
    folder = supervised(rows=200_000, tokens=500)
    vocabulary = Vocabulary.load(MISTRAL)
    dataset = PreparedDataset.open(folder)
    before = own_memory()
    least = best(lambda: limit(dataset))
    counts = best(lambda: census(dataset))
    rules = best(lambda: check(dataset, vocabulary))
    held = own_memory() - before
    whole = best(lambda: command(folder), rounds=3)
    peer = row_loop(folder)
    tokens = census(dataset).tokens
    print(f"{dataset.num_rows:,} rows, {tokens:,} tokens; memory of our own {held:+.0f} MiB")
    print(f"{'':44}{'seconds':>9}{'x limit':>9}")
    for name, seconds in (
        ("limit: count_nonzero over the mapped buffers", least),
        ("census", counts),
        ("every default check", rules),
        ("inspect-tool check, whole command", whole),
        (f"datasets row loop (from {PEER_ROWS:,} rows)", peer),
    ):
        print(f"{name:44}{seconds:9.3f}{seconds / least:9.1f}")
    print(
        f"whole command less the limit: {whole - least:.2f} s; "
        f"census against the row loop: {peer / counts:.0f} times faster"
    )
    million(supervised(rows=1_000_000, tokens=40))


if __name__ == "__main__":
    main()
