"""From a key to the repainted screen in a sample of 300,000 tokens, in the whole app.

The floor is the least that Textual can do for a key: an app that is nothing but lines, one of them
marked, and moves the mark or turns the page. Keys come one by one, each as soon as the answer to
the one before has ended; a row is changed while the background still works on the one before.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks._datasets import turns
from benchmarks._tables import machine, median, ms, percentile, say, show
from benchmarks._terminal import Reply, Terminal, plain
from fixtures.build import build_tokenizers
from fixtures.places import MISTRAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZES = ((80, 24), (160, 48))
PRESSES = 150
MEDIAN_LIMIT, WORST_LIMIT = 0.020, 0.050
PAGE_DOWN, PAGE_UP = b"\x1b[6~", b"\x1b[5~"


@dataclass(frozen=True, slots=True)
class Move:
    """What is pressed, and what the repainted screen then says."""

    name: str
    there: bytes
    back: bytes
    says: re.Pattern[bytes]


AT_TOKEN = re.compile(rb"token ([\d,]+) of 300,000")
AT_ROW = re.compile(rb"row (\d+) of")
MOVES = (
    Move("token", b"l", b"h", AT_TOKEN),
    Move("line", b"j", b"k", AT_TOKEN),
    Move("page", PAGE_DOWN, PAGE_UP, AT_TOKEN),
    Move("span", b"]", b"[", AT_TOKEN),
    Move("row", b"n", b"p", AT_ROW),
)
BARE = (("mark", b"j", b"k"), ("page", PAGE_DOWN, PAGE_UP))


def keys(there: bytes, back: bytes, *, alternate: bool) -> Iterator[bytes]:
    """Yield PRESSES keys: two thirds of them there and the rest back, or in turn."""
    for number in range(PRESSES):
        forward = number % 2 == 0 if alternate else number < PRESSES * 2 // 3
        yield there if forward else back


def said(reply: Reply, says: re.Pattern[bytes]) -> bytes:
    """Return what the first frame says of the place, its colours left out."""
    return b"".join(says.findall(plain(reply.frames[0]))[-1:])


def replies(terminal: Terminal, move: Move) -> list[Reply]:
    """Press the keys of a move; every first frame must tell of another place."""
    answers, place = [], b""
    for key in keys(move.there, move.back, alternate=move.says is AT_ROW):
        answers.append(terminal.answer(key))
        before, place = place, said(answers[-1], move.says)
        if not place or place == before:
            raise AssertionError(f"{move.name}: the first frame stays at {place!r}")
    return answers


def figures(size: tuple[int, int], name: str, answers: Sequence[Reply]) -> list[str]:
    """Return one line of the table."""
    first = [answer.first for answer in answers]
    return [
        f"{size[0]}x{size[1]} {name}",
        ms(min(first)),
        ms(median(first)),
        ms(percentile(first, 0.99)),
        ms(median([answer.last for answer in answers])),
        f"{median([sum(map(len, answer.frames)) for answer in answers]) / 1000:.1f}",
    ]


def main() -> None:
    """Measure every move at every size and print one table."""
    build_tokenizers()
    folder = turns(rows=3, tokens=300_000)
    argv = (sys.executable, "-m", "inspect_tool", str(folder), "--tokenizer", str(MISTRAL))
    bare = (sys.executable, "-m", "benchmarks._bare_app")
    lines, missed = [], []
    for size in SIZES:
        with Terminal(bare, size=size) as terminal:
            terminal.settle(1.0)
            for name, there, back in BARE:
                answers = [terminal.answer(key) for key in keys(there, back, alternate=False)]
                lines.append(figures(size, f"floor, {name}", answers))
        with Terminal(argv, size=size) as terminal:
            terminal.wait_until(lambda data: b"of 300,000" in data, "the first row")
            terminal.settle(2.0)
            for move in MOVES:
                answers = replies(terminal, move)
                lines.append(figures(size, move.name, answers))
                first = [answer.first for answer in answers]
                fits = median(first) < MEDIAN_LIMIT and percentile(first, 0.99) < WORST_LIMIT
                missed += [] if fits else [f"{size[0]}x{size[1]} {move.name}"]
                terminal.settle(0.5)
    columns = ["key", "least", "median", "99%", "settled", "kB"]
    show(f"Key to repaint in 300,000 tokens ({machine()})", columns, lines)
    found = f"missed by {', '.join(missed)}" if missed else "every move"
    say(f"median under 20 ms and 99% under 50 ms: {found}")


if __name__ == "__main__":
    main()
