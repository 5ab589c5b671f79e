"""From the command to the first stop in `compute_loss`, beside plain debugpy on the same config.

Both run the same derived YAML under a real client of the debug adapter protocol; the plain one is
`python -m debugpy ... -m axolotl.cli.train` with a breakpoint on the same line and fresh caches.
Before that, what the plan alone takes in a fresh interpreter.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.runs.config import Config
from inspect_tool.runs.debug import plan_debug
from inspect_tool.runs.launch import Launch, Process, python
from inspect_tool.runs.ports import choose_port, listens
from inspect_tool.runs.stops.places import places
from tests.dap import DapClient
from tests.runs.debug.sessions import Session, project
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 3


def main() -> int:
    """Print the table; 1 if a figure is missed."""
    with tempfile.TemporaryDirectory() as scratch:
        config = project(Path(scratch))
        plan = statistics.median(_plan_seconds(config) for _ in range(ROUNDS))
        tool, plain = _alternately(
            lambda: _tool_seconds(config), lambda: _plain_seconds(config.parent)
        )
    print(f"{'plan':<34} {plan:8.2f} s   at most 2 s")
    print(f"{'inspect-tool debug to the stop':<34} {tool:8.2f} s   {tool / plain:.2f} times")
    print(f"{'plain debugpy to the stop':<34} {plain:8.2f} s   1 (at most 1.10 times)")
    return int(plan > 2.0 or tool > 1.1 * plain)


def _alternately(first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float]:
    """Return the medians of two measurements, taken in turns so that both meet the same load."""
    pairs = [(first(), second()) for _ in range(ROUNDS)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _plan_seconds(config: Path) -> float:
    """Time a plan in a fresh interpreter, imports included."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "inspect_tool", "debug", str(config), "--dry-run", "--json"]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def _tool_seconds(config: Path) -> float:
    """Time the command until its stop; its folder's number grows, so it is given a name."""
    name = f"round-{time.monotonic_ns()}"
    started = time.perf_counter()
    with Session(config, "--stop-at", "loss", "--name", name, "--quiet") as session:
        session.until_ready()
        return _until_stop(session.port, started, breakpoints={})


def _plain_seconds(folder: Path) -> float:
    """Time debugpy with a breakpoint, on the derived config of the tool's last run."""
    derived = max((folder / ".inspect" / "runs").glob("*/config.yml"), key=_age)
    port = choose_port(0)
    listening = ("--configure-subProcess", "False", "--listen", f"127.0.0.1:{port}")
    program = ("-m", "axolotl.cli.train", str(derived))
    argv = python(
        "-Xfrozen_modules=off", "-m", "debugpy", *listening, "--wait-for-client", *program
    )
    plan = plan_debug(Config.read(folder / "lora.yml"), cwd=folder, folder=derived.parent)
    fresh = {"HF_DATASETS_CACHE": str(folder / f"cache-{time.monotonic_ns()}")}
    for made in (derived.parent / "prepared").glob("*/*"):
        made.unlink()
    place = places("loss")[0]
    started = time.perf_counter()
    with Process(Launch(argv, folder, {**plan.launch.env, **fresh})) as process:
        until(lambda: listens(process.pid, port), "the debugger's port")
        return _until_stop(port, started, breakpoints={str(place.file): [place.line]})


def _until_stop(port: int, started: float, *, breakpoints: dict[str, list[int]]) -> float:
    with DapClient(port) as client:
        client.attach(breakpoints=breakpoints)
        frame = client.stopped()
        assert frame.function.endswith("compute_loss")
        return time.perf_counter() - started


def _age(file: Path) -> float:
    return file.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main())
