"""What ``inspect-tool memory`` does once its options are read."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.axolotl_worker import AxolotlWorker
from inspect_tool.cli.progress import waiting
from inspect_tool.errors import ExitCode, InspectError
from inspect_tool.report.memory_text import memory_text, plain_text
from inspect_tool.runs.config import Config
from inspect_tool.runs.match import prepared_by
from inspect_tool.scale.data import find_data
from inspect_tool.scale.fleet import Fleet, Strategy
from inspect_tool.scale.memory.gpus import card_of, cards_here
from inspect_tool.scale.memory.sized import Sized, size_config
from inspect_tool.scale.memory.store import model_config, plain_of
from inspect_tool.scale.strategy import strategy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inspect_tool.report.look import Look


@dataclass(frozen=True)
class Sizing:
    """One command line, understood; None: found out."""

    config: Path
    model: str | None = None
    processes: int = 1
    nodes: int = 1
    strategy: str | None = None
    gpu: str | None = None
    cwd: Path | None = None

    def size(self) -> Sized:
        """Estimate it; starts the axolotl worker for a model that was not looked at before."""
        config = Config.read(self.config.absolute())
        cwd = _folder(self.cwd) if self.cwd else prepared_by(config).cwd
        fleet = Fleet(self.processes, self.nodes)
        strategy = Strategy(self.strategy) if self.strategy else strategy_of(config.values, cwd=cwd)
        here = () if self.gpu else cards_here()
        card = card_of(self.gpu) if self.gpu else min(here, key=lambda c: c.size, default=None)
        longest = find_data(config, cwd=cwd, worker=None).longest
        with _worker() as worker:
            return size_config(
                config.values,
                replace(fleet, strategy=strategy),
                worker,
                cwd=cwd,
                card=card,
                longest=longest,
                model=_from_here(self.model),
            )


def print_sized(sizing: Sizing, look: Look, *, as_json: bool) -> int:
    """Print an estimate; 1 when it does not fit."""
    sized = sizing.size()
    if as_json:
        print(json.dumps(sized.to_json(), indent=2))
    else:
        sys.stdout.write(memory_text(sized, look))
    return int(ExitCode.FINDINGS if sized.fits is False else ExitCode.OK)


def print_plain(model: str, look: Look, *, cwd: Path | None, as_json: bool) -> int:
    """Print accelerate's table of a model."""
    config = model_config({}, cwd=_folder(cwd or Path.cwd()), model=model)
    with _worker() as worker:
        table = plain_of(config, worker)
    if as_json:
        print(json.dumps({"model": model, **table.to_json()}, indent=2))
    else:
        sys.stdout.write(plain_text(table, model, look))
    return int(ExitCode.OK)


def _from_here(model: str | None) -> str | None:
    """Return a folder that a person named as it is from here; names stay."""
    return str(Path(model).absolute()) if model and Path(model).is_dir() else model


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InspectError("no such folder", place=path)
    return path.absolute()


@contextmanager
def _worker() -> Iterator[Callable[[], AxolotlWorker]]:
    """Give what starts the worker when it is first asked for, and end it."""
    with AxolotlWorker() as worker:
        said: list[bool] = []

        def started() -> AxolotlWorker:
            if not said:
                said.append(True)
                waiting("looking at the model's class (some seconds, the first time) ...")
            return worker

        yield started
