"""Preparing a config with the real axolotl, into this tool's own folder.

The user's prepared cache and output folder are never written and nothing is pushed. Exit codes of
``axolotl preprocess`` lie both ways, so what counts is a complete folder written since the start.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError, RunFailedError
from inspect_tool.prompts.data_problems import data_problem
from inspect_tool.runs.failures.ends import CRASHED
from inspect_tool.runs.failures.explain import explain, last_line
from inspect_tool.runs.failures.failure import FailedRunError, Failure
from inspect_tool.runs.folders import (
    PREPARED,
    TOOL_FOLDER,
    FolderState,
    PreparedFolder,
    prepared_folders,
)
from inspect_tool.runs.launch import Launch, Process, python
from inspect_tool.runs.match import prepared_by
from inspect_tool.runs.sidecar import write_sidecar
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.runs.config import Config

ENVIRONMENT = {
    "AXOLOTL_DO_NOT_TRACK": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "WANDB_MODE": "disabled",
}
"""Tokenising needs no GPU, and one may be training."""

UNSET_KEYS = (
    "push_dataset_to_hub",
    "deepspeed",
    "fsdp",
    "fsdp_config",
    "context_parallel_size",
    "tensor_parallel_size",
)
"""Keys unset for preparing where the config sets them: the first pushes, the others say how many
GPUs train and refuse a machine without them. None changes a stored row or the hash."""

_LOCKS = ("datasets_prep.lock", "datasets_ready.flag", "process_counter.txt")
"""What axolotl keeps beside prepared folders (utils/data/lock.py), the lock first."""
_TIMESTAMP_SLACK = 2.0
"""Seconds by which a file system's clock may lag behind ours."""


def prepare_launch(config: Config, *, cwd: Path | None = None) -> Launch:
    """Return the real ``axolotl preprocess`` of ``config`` into ``.inspect/prepared/<stem>``.

    ``cwd`` is the folder that the config's relative paths start from; default: the likeliest.
    """
    base = cwd or prepared_by(config).cwd
    folder = PREPARED / config.path.stem
    # strict comes first: while it is on, axolotl takes no key that the YAML does not have
    options: dict[str, object] = {"strict": False} if config.values.get("strict") else {}
    options |= {
        "dataset_prepared_path": folder,
        "output_dir": folder.with_name(f"{folder.name}.out"),
        "download": False,
    }
    options |= {key: None for key in UNSET_KEYS if config.values.get(key)}
    arguments = [f"--{key}={value}" for key, value in options.items()]
    return Launch(
        argv=python("-m", "axolotl.cli.preprocess", str(config.path), *arguments),
        cwd=base,
        env=dict(ENVIRONMENT),
    )


def prepare(
    config: Config,
    *,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    on_start: Callable[[Process], None] | None = None,
) -> Path:
    """Prepare ``config`` and return its new folder of training rows; blocks until it is there.

    ``on_line`` gets each line of axolotl's output, ``on_start`` the process, whose ``end`` another
    thread may call. The output is kept in ``.inspect/prepared/<stem>.log``. Raises InspectError
    for a config that stores nothing, RunFailedError with the log's cause otherwise.
    """
    if config.unprepared_key:
        raise InspectError(
            f"axolotl stores no prepared dataset with {config.unprepared_key}",
            place=config.place(config.unprepared_key),
            fix="what it trains on is seen in a debug run",
        )
    launch = prepare_launch(config, cwd=cwd)
    root = launch.cwd / PREPARED / config.path.stem
    log = root.with_name(f"{root.name}.log")
    _make_room(launch.cwd, root)
    started = time.time()
    try:
        status = _run(launch, log, on_line, on_start)
    finally:
        _leave_no_empty(root)
    made = [folder for folder in prepared_folders(root) if _is_new(folder, started)]
    if not made:
        raise _failure(log, status, config, cwd=launch.cwd)
    for folder in made:
        with suppress(OSError):
            write_sidecar(folder.path, config, cwd=launch.cwd)
    return min(made, key=lambda folder: folder.modified).path


def _run(
    launch: Launch,
    log: Path,
    on_line: Callable[[str], None] | None,
    on_start: Callable[[Process], None] | None,
) -> int:
    with log.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{launch.command()}\n\n")
        with Process(launch) as process:
            if on_start is not None:
                on_start(process)
            for line in process.lines():
                file.write(f"{line}\n")
                file.flush()
                if on_line is not None:
                    on_line(line)
            return process.wait()


def _make_room(cwd: Path, root: Path) -> None:
    """Make the tool's folder, kept out of the user's git."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        ignore = cwd / TOOL_FOLDER / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "ascii")
    except OSError as error:
        raise InspectError(
            f"cannot be written ({error.strerror})",
            place=error.filename or root,
            fix="run from a folder that can be written",
        ) from None


def _leave_no_empty(root: Path) -> None:
    """Remove a folder that holds nothing but axolotl's lock, if no other preparation has that."""
    with suppress(OSError):
        if any(path.name not in _LOCKS for path in root.iterdir()):
            return
        with (root / _LOCKS[0]).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in _LOCKS:
                (root / name).unlink(missing_ok=True)
            root.rmdir()


def _is_new(folder: PreparedFolder, started: float) -> bool:
    complete = folder.state is FolderState.COMPLETE
    return complete and folder.modified >= started - _TIMESTAMP_SLACK


def _failure(log: Path, status: int, config: Config, *, cwd: Path) -> RunFailedError:
    failure = explain(log, config=config, exit_status=status) or last_line(log)
    bad = data_problem(config.path, cwd) if failure.code == CRASHED else None
    if bad is not None:  # a row of null ends pyarrow, and the log says nothing of it
        failure = Failure(
            "F-DATA-JSON",
            cause=safe(f"{bad.place}: {bad.message}", newline=" "),
            fix=bad.fix or "",
            keys=("datasets",),
            place=config.place("datasets"),
        )
    return FailedRunError.of(failure, log=log, what="axolotl preprocess made no dataset: ")
