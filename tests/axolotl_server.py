"""A process that imports axolotl once and forks for each config: the real CLI in seconds, not tens.

Started by `tests.axolotl_runs`. Reads one JSON request a line, `{"config": path, "log": path}`, and
answers `{"status": exit status}`; before the first it says `{"ready": true}`. With `"stage":
"train"` it trains instead of preparing, and `"env"` sets variables for that. It ends its whole
process group as soon as its input closes, also in the middle of a job.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path

POLL_SECONDS = 0.1


def main() -> None:
    """Serve until the input closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    from axolotl.cli.preprocess import do_cli  # noqa: F401

    answers.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        stage = request.get("stage", "preprocess")
        importlib.import_module(f"axolotl.cli.{stage}")
        environment = request.get("env", {})
        config, log = Path(request["config"]), Path(request["log"])
        status = run(stage, config=config, log=log, environment=environment)
        answers.write(json.dumps({"status": status}) + "\n")


def run(stage: str, *, config: Path, log: Path, environment: dict[str, str]) -> int:
    """Run axolotl in a forked child with its output in `log`; return its exit status."""
    child = os.fork()
    if child == 0:
        os.environ.update(environment)
        axolotl(stage, config=config, log=log)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        readable, _, _ = select.select([0], [], [], POLL_SECONDS)
        if readable:
            # Requests come one at a time, so anything readable now is the end of the input.
            os.killpg(0, signal.SIGKILL)


def axolotl(stage: str, *, config: Path, log: Path) -> None:
    """Be `axolotl preprocess CONFIG`, or another stage, in the child, and never return."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [f"axolotl-{stage}", str(config)]
    status = 0
    try:
        importlib.import_module(f"axolotl.cli.{stage}").do_cli(config=str(config))
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
