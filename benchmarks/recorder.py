"""What recording costs a training step of a tiny model, beside the same step left alone.

One run of real axolotl whose steps take turns: left alone, watched (every step is), and recorded
(the first few are). All rows are padded to one length, so that every step does the same work, and
one thread does it: more of them wait for each other where cores are shared.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks._alternating_modes import MODES, TIMES
from tests.runs.debug.sessions import Session, project

STEPS = 300
WARM_UP = 30
OPTIONS = (
    *("--no-debugger", "--quiet", "--steps", STEPS),
    *("--set", "pad_to_sequence_len=true"),
    *("--set", "plugins=[benchmarks._alternating.Alternating]"),
)


def main() -> int:
    """Print the table; 1 if a figure is missed."""
    with tempfile.TemporaryDirectory() as scratch:
        times = Path(scratch) / "times.jsonl"
        os.environ |= {TIMES: str(times), "OMP_NUM_THREADS": "1"}
        with Session(project(Path(scratch)), *OPTIONS) as session:
            assert session.wait() == 0, session.output
        steps = [json.loads(line) for line in times.read_text("utf-8").splitlines()][WARM_UP:]
    took = {mode: statistics.median(s for m, s in steps if m == mode) for mode in MODES}
    for mode, seconds in took.items():
        asked = "1" if mode == "alone" else f"{seconds / took['alone']:.2f} times (at most 1.10)"
        print(f"a step {mode:<10} {1000 * seconds:8.2f} ms   {asked}")
    return int(took["recorded"] > 1.1 * took["alone"])


if __name__ == "__main__":
    sys.exit(main())
