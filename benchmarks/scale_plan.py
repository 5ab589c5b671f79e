"""What `inspect-tool scale` takes: the first time, when axolotl is asked, and from then on.

Each in a fresh interpreter, on a recipe for 8 processes under FSDP with a named GPU, so that the
preflight, the estimate of memory and the commands are all in it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.axolotl_runs import RECIPES, ROOT

ROUNDS = 5
LIMIT_SECONDS = 3.0
"""For a plan whose pieces are kept."""


def main() -> int:
    """Print the table; 1 if a kept plan takes too long."""
    with tempfile.TemporaryDirectory() as cache:
        first = _seconds(cache)
        kept = statistics.median(_seconds(cache) for _ in range(ROUNDS))
    print(f"{'the first plan, axolotl asked':<34} {first:8.2f} s")
    print(f"{'the same plan again':<34} {kept:8.2f} s   at most {LIMIT_SECONDS:g} s")
    return int(kept > LIMIT_SECONDS)


def _seconds(cache: str) -> float:
    options = ("--processes=8", "--strategy=fsdp", "--gpu=h100-80gb", f"--cwd={ROOT}", "--json")
    command = [sys.executable, "-m", "inspect_tool", "scale", str(RECIPES / "packed.yml"), *options]
    environment = {**os.environ, "XDG_CACHE_HOME": cache, "HF_HUB_OFFLINE": "1"}
    started = time.perf_counter()
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    took = time.perf_counter() - started
    assert ended.returncode in (0, 1), ended.stderr.decode()
    return took


if __name__ == "__main__":
    sys.exit(main())
