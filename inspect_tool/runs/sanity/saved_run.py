"""A finished run whose model can be asked: where it is, what it is, how well it learned."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.config import Config
from inspect_tool.runs.journal import CONFIG, PLAN, State, read_metrics, read_status

LEARNED = 0.1
"""Mean loss of the last step below which a run has learned its samples by heart."""

ADAPTER, MODEL = "adapter_config.json", "config.json"
_AGAIN = "inspect-tool debug CONFIG --memorize 4 --no-debugger learns 4 samples by heart"

_LONGER = (
    "give it more --steps or another rate (--set learning_rate=); two rows with one question and "
    "different answers are never learned"
)


@dataclass(frozen=True)
class SavedRun:
    """A run's folder, its derived config and where its paths start, its saved model, its end.

    ``visible`` is what the run saw as CUDA_VISIBLE_DEVICES, None where its plan says nothing.
    """

    folder: Path
    config: Config
    cwd: Path
    out: Path
    adapter: bool
    loss: float
    visible: str | None = None

    @classmethod
    def read(cls, folder: Path) -> SavedRun:
        """Look at a run's folder; raises InspectError for one whose model tells nothing."""
        plan = _plan(folder)
        _refuse_unfinished(folder)
        config = Config.read(folder / CONFIG)
        for key in ("rl", "reward_model", "process_reward_model"):
            if config.values.get(key):
                raise InspectError(
                    f"{key}: preferences and scores have no one answer to ask for", place=folder
                )
        launch = plan.get("launch") or {}
        cwd = Path(str(launch.get("cwd") or folder))
        out = cwd / str(config.values.get("output_dir"))
        adapter = (out / ADAPTER).is_file()
        if not adapter and not any(out.glob("*.safetensors")):
            raise InspectError("no model is saved there", place=out, fix=_AGAIN)
        visible = (launch.get("env") or {}).get("CUDA_VISIBLE_DEVICES")
        loss = _loss(folder, meant=plan.get("memorize") is not None)
        return cls(folder, config, cwd, out, adapter, loss, visible)


def _plan(folder: Path) -> dict[str, Any]:
    if not folder.exists():
        raise InspectError("no such folder", place=folder)
    try:
        read = json.loads((folder / PLAN).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InspectError("not the folder of a run", place=folder, fix=_near(folder)) from None
    except (OSError, ValueError) as error:
        raise InspectError(f"cannot be read ({error})", place=folder / PLAN) from None
    if not isinstance(read, dict):
        raise InspectError("not the plan of a run", place=folder / PLAN)
    return read


def _near(folder: Path) -> str:
    """Return which run may be meant, or how to make one."""
    if (folder.parent / PLAN).is_file():
        return f"its run is {folder.parent}"
    runs = sorted(folder.glob(f"*/{PLAN}"), key=lambda file: file.stat().st_mtime)
    return f"the latest in it is {runs[-1].parent}" if runs else _AGAIN


def _refuse_unfinished(folder: Path) -> None:
    status = read_status(folder)
    if status is None:
        raise InspectError("its status cannot be read", place=folder, fix=_AGAIN)
    if status.state is not State.FINISHED:
        why = f": {status.message}" if status.message else ""
        fix = _AGAIN if status.state.over else "wait for its end"
        raise InspectError(f"the run is {status.state}{why}", place=folder, fix=fix)


def _loss(folder: Path, *, meant: bool) -> float:
    """Return the last step's loss; raises InspectError where the run did not memorise.

    ``meant``: it was to.
    """
    losses = [step["loss"] for step in read_metrics(folder) if "loss" in step]
    if not losses:
        raise InspectError("no step is recorded", place=folder, fix=_AGAIN)
    last = losses[-1]
    if last is None or last > LEARNED:
        said = "not finite" if last is None else f"{last:.2g}"
        raise InspectError(
            f"final loss {said}: the run did not memorise, so nothing can be said",
            place=folder,
            fix=_LONGER if meant else _AGAIN,
        )
    return float(last)
