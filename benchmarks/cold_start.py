"""From nothing to the first coloured token on a terminal, beside the usual snippet.

The snippet is what people write to look at a prepared row: `load_from_disk`, `AutoTokenizer`,
`decode`. The floor is an interpreter that imports what the app cannot do without, and ends.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks._datasets import supervised
from benchmarks._tables import machine, median, ms, say, show
from benchmarks._terminal import Terminal, line_of
from fixtures.build import build_tokenizers
from fixtures.places import MISTRAL
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    import pyte

ROUNDS = 12
SNIPPET_ROUNDS = 3
SNIPPET = """
import sys
from datasets import load_from_disk
from transformers import AutoTokenizer
rows = load_from_disk(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])
print(tokenizer.decode(rows[0]["input_ids"]))
"""
FLOOR = "import textual.app, pyarrow, numpy"


def first_token(folder: Path) -> float:
    """Return the seconds until a token stands on the screen in the colour of trained ones."""
    argv = (sys.executable, "-m", "inspect_tool", str(folder), "--tokenizer", str(MISTRAL))
    with Terminal(argv) as terminal:
        terminal.wait_until(lambda data: b"of " in data and b" tokens" in data, "the first row")
        terminal.settle(0.3)
        final = None
        for _, screen in terminal.screens():
            final = screen
        assert final is not None
        colour = trained_colour(final, folder)
        return next(at for at, screen in terminal.screens() if colour in backgrounds(screen)) - (
            terminal.started
        )


def trained_colour(screen: pyte.Screen, folder: Path) -> str:
    """Return the background of trained tokens: of bold words that the labels say are trained."""
    sequence = PreparedDataset.open(folder).sample(0).sequences[0]
    assert sequence.trained is not None
    text = "".join(Vocabulary.load(MISTRAL).texts(sequence.ids[sequence.trained]))
    found: Counter[str] = Counter()
    for line in range(screen.lines):
        cells = screen.buffer[line]
        for word in re.finditer(r"[A-Za-z]{6,}", line_of(screen, line)):
            if cells[word.start()].bold and word[0] in text:
                found[cells[word.start()].bg] += 1
    ((colour, _),) = found.most_common(1)
    return colour


def backgrounds(screen: pyte.Screen) -> set[str]:
    """Return every background colour on a screen."""
    return {cell.bg for line in screen.buffer.values() for cell in line.values()}


def run(*arguments: str) -> float:
    """Return the seconds that a Python process takes from start to end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure all of it, taking turns, and print one table."""
    build_tokenizers()
    small, large = supervised(rows=100, tokens=500), supervised(rows=200_000, tokens=500)
    first_token(large)
    run("-c", SNIPPET, str(large), str(MISTRAL))
    times: dict[str, list[float]] = {
        "first coloured token, 100 rows": [],
        "first coloured token, 200,000 rows": [],
        f"floor: {FLOOR}": [],
        "load_from_disk + AutoTokenizer + decode": [],
    }
    ours, ours_large, floor, snippet = times.values()
    for number in range(ROUNDS):
        ours.append(first_token(small))
        ours_large.append(first_token(large))
        floor.append(run("-c", FLOOR))
        if number < SNIPPET_ROUNDS:
            snippet.append(run("-c", SNIPPET, str(large), str(MISTRAL)))
    limit = median(floor)
    show(
        f"Cold start ({machine()})",
        ["", "least", "median", "x floor"],
        [
            [name, ms(min(taken)), ms(median(taken)), f"{median(taken) / limit:.2f}"]
            for name, taken in times.items()
        ],
    )
    say(
        f"{median(snippet) / median(ours_large):.1f} times as fast as the snippet; "
        f"200,000 rows against 100: {median(ours_large) / median(ours):.2f}"
    )


if __name__ == "__main__":
    main()
