"""Asks a saved model, in a process of its own that ends with its owner."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import RunFailedError
from inspect_tool.runs.journal import unwritable
from inspect_tool.runs.launch import Launch, Process, python

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.runs.sanity.saved_run import SavedRun

LOG = "sanity.log"
_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True)
class Prompt:
    """Ids to continue, ids that end the answer, and the most tokens that it may have."""

    ids: tuple[int, ...]
    stop_ids: tuple[int, ...]
    most: int


@dataclass(frozen=True)
class Expected:
    """Training's own tokens before an answer, and the answer's."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True)
class Likelihood:
    """What the model thinks of an answer: the loss of each token, and the id it would take."""

    losses: tuple[float, ...]
    best: tuple[int, ...]


@dataclass(frozen=True)
class Said:
    """The model's class, what it generated, and what it thinks of what was expected."""

    model: str
    generated: tuple[tuple[int, ...], ...]
    likely: tuple[Likelihood, ...]


def ask(run: SavedRun, prompts: Sequence[Prompt], expected: Sequence[Expected]) -> Said:
    """Load what ``run`` saved and return its answers; raises RunFailedError naming the log."""
    request = {
        "model": str(run.out),
        "adapter": run.adapter,
        "trust": bool(run.config.values.get("trust_remote_code")),
        "prompts": [asdict(item) for item in prompts],
        "expected": [asdict(item) for item in expected],
    }
    read = _answered(run, json.dumps(request))
    return Said(
        model=read["model"],
        generated=tuple(tuple(ids) for ids in read["generated"]),
        likely=tuple(
            Likelihood(tuple(item["losses"]), tuple(item["best"])) for item in read["likely"]
        ),
    )


def _answered(run: SavedRun, request: str) -> dict[str, Any]:
    """Hand a request over in files of the run's folder, which keeps what a kill leaves behind."""
    try:
        scratch = tempfile.TemporaryDirectory(prefix=".sanity-", dir=run.folder)
    except OSError as error:
        raise unwritable(error, run.folder) from None
    with scratch as folder:
        question, answer = Path(folder) / "request.json", Path(folder) / "answer.json"
        question.write_text(request, "utf-8")
        _run(run, question, answer)
        read: dict[str, Any] = json.loads(answer.read_text("utf-8"))
    return read


def _run(run: SavedRun, question: Path, answer: Path) -> None:
    log = run.folder / LOG
    env: dict[str, str | None] = {**_ENVIRONMENT}
    if run.visible is not None:
        env["CUDA_VISIBLE_DEVICES"] = run.visible
    module = "inspect_tool.runs.sanity.generate"
    launch = Launch(python("-m", module, str(question), str(answer)), run.cwd, env)
    said = ""
    try:
        with (
            log.open("w", encoding="utf-8", errors="backslashreplace") as file,
            Process(launch) as process,
        ):
            for line in process.lines():
                file.write(f"{line}\n")
                said = line.strip() or said
            status = process.wait()
    except OSError as error:
        raise unwritable(error, log) from None
    if status or not answer.is_file():
        how = f"ended by signal {-status}" if status < 0 else said or f"status {status}"
        raise RunFailedError(
            f"the saved model cannot be asked: {how}", place=log, fix="the log has the rest"
        )
