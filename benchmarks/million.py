"""A million rows in the app: opened, checked, sorted by trained share, the first one shown.

The limit of sorting is numpy's own stable sort of as many shares, in this process.
"""

from __future__ import annotations

import re
import sys
import time

import numpy as np

from benchmarks._datasets import supervised
from benchmarks._tables import machine, median, ms, say, show
from benchmarks._terminal import Terminal
from fixtures.build import build_tokenizers
from fixtures.places import MISTRAL
from inspect_tool.samples.census import census
from inspect_tool.samples.prepared import PreparedDataset

ROWS, TOKENS = 1_000_000, 40
ROUNDS = 5
SIZE = (160, 48)
BY_SHARE = b"j" * 4
"""From the first order of the list to the largest trained share."""
ALL_COUNTED = re.compile(rb"ROWS +1,000,000")


def least_sort() -> float:
    """Return the seconds of a stable sort of the rows' shares."""
    counted = census(PreparedDataset.open(supervised(rows=ROWS, tokens=TOKENS)))
    shares = (counted.trained / np.maximum(counted.lengths, 1)).astype(np.float32)
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        np.argsort(-shares, kind="stable")
        times.append(time.perf_counter() - started)
    return min(times)


def session() -> dict[str, float]:
    """Go through it once; return the seconds from each key, or from the start, to its repaint."""
    folder = supervised(rows=ROWS, tokens=TOKENS)
    argv = (sys.executable, "-m", "inspect_tool", str(folder), "--tokenizer", str(MISTRAL))
    with Terminal(argv, size=SIZE) as terminal:
        first = terminal.wait_until(lambda text: b"row 0 of" in text, "the first row")
        counted = terminal.wait_until(lambda text: bool(ALL_COUNTED.search(text)), "the counts")
        terminal.settle()
        last = terminal.answer(b":") and terminal.answer(b"999999\r")
        terminal.answer(b"s")
        terminal.answer(BY_SHARE)
        pressed = terminal.press(b"\r")
        ordered = terminal.wait_until(lambda text: b" listed" in text, "the order")
        terminal.settle()
        terminal.answer(b"r")
        top = terminal.answer(b"g")
        worst = terminal.answer(b"\r")
        following = terminal.answer(b"n")
    return {
        "start to first row": first - terminal.started,
        "start to every row checked": counted - terminal.started,
        "go to the last row": last.first,
        "sort by trained share": ordered - pressed,
        "top of the list": top.first,
        "its row shown": worst.first,
        "next row in that order": following.first,
    }


def main() -> None:
    """Measure all of it and print one table."""
    build_tokenizers()
    session()
    rounds = [session() for _ in range(ROUNDS)]
    lines = []
    for name in rounds[0]:
        times = [figures[name] for figures in rounds]
        lines.append([name, ms(min(times)), ms(median(times))])
    show(f"{ROWS:,} rows ({machine()})", ["to the repaint", "least", "median"], lines)
    say(f"limit of sorting: numpy alone takes {ms(least_sort())}")


if __name__ == "__main__":
    main()
