"""A run's folder followed while the run lasts: each look says what is there by now.

Only reads, so it does not matter who started the run, or whether anybody is left who did.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tool.runs.journal import LOG, METRICS, PLAN, Status, read_status

if TYPE_CHECKING:
    from pathlib import Path

LOG_BYTES: Final = 2_000_000
"""How much of the end of a long log is read at the first look."""
RATE_STEPS: Final = 10
"""Steps over which speed is averaged."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the metrics; None where it says nothing, or where the number is not finite.

    ``tokens`` counts all seen so far, padding included; ``memory`` in bytes; ``seconds`` the step
    took; ``not_finite`` names what was inf or nan.
    """

    number: int
    of: int | None = None
    loss: float | None = None
    grad_norm: float | None = None
    learning_rate: float | None = None
    eval_loss: float | None = None
    tokens: int | None = None
    memory: int | None = None
    seconds: float | None = None
    not_finite: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What the run's plan says of it; defaults where there is no plan, or none that can be read."""

    config: str = ""
    debugger: bool = False
    stops: tuple[str, ...] = ()
    memorize: int | None = None
    rehearsal: int | None = None
    """Processes that a rehearsal compares with one; None for any other run."""


@dataclass(frozen=True, eq=False)
class RunView:
    """What a run's folder says by now; ``lines`` are those that the log gained since last time."""

    folder: Path
    status: Status | None = None
    plan: RunPlan = RunPlan()
    steps: tuple[Step, ...] = ()
    lines: tuple[str, ...] = ()
    part: str = ""
    """Which run of a rehearsal is shown: ``one`` process, or ``many``."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.status is not None and self.status.state.over

    @property
    def training(self) -> tuple[Step, ...]:
        """The steps that were trained, evaluations left out."""
        return tuple(s for s in self.steps if s.loss is not None or "loss" in s.not_finite)

    @property
    def last(self) -> Step | None:
        """The last step."""
        steps = self.training
        return steps[-1] if steps else None

    @property
    def tokens_per_second(self) -> float | None:
        """How fast it trains, over the last steps; None until that is known."""
        steps = [s for s in self.training if s.tokens is not None and s.seconds][-RATE_STEPS - 1 :]
        if len(steps) < 2:
            return None
        seconds = sum(step.seconds or 0.0 for step in steps[1:])
        return ((steps[-1].tokens or 0) - (steps[0].tokens or 0)) / seconds if seconds else None

    @property
    def seconds_left(self) -> float | None:
        """How long the steps that are left will take; None where that cannot be said."""
        last = self.last
        timed = [s.seconds for s in self.training if s.seconds][-RATE_STEPS:]
        if self.over or last is None or not last.of or not timed:
            return None
        return (last.of - last.number) * sum(timed) / len(timed)


class Follower:
    """Looks into one run's folder again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = Tail(folder / LOG, last_bytes=LOG_BYTES)
        self._metrics = Tail(folder / METRICS)
        self._steps: list[Step] = []
        self._plan: RunPlan | None = None

    def look(self) -> RunView:
        """Return what is there by now. The status is read first: what it says has been written."""
        status = read_status(self.folder)
        if self._plan is None:
            self._plan = _plan(self.folder)
        lines = self._log.take()
        said = self._metrics.take()
        if self._metrics.another:
            self._steps.clear()
        for line in said:
            with suppress(ValueError, TypeError, KeyError, OverflowError):
                self._steps.append(_step(json.loads(line)))
        if status is not None and status.state.over:
            lines += self._log.rest()
        return RunView(
            folder=self.folder,
            status=status,
            plan=self._plan or RunPlan(),
            steps=tuple(self._steps),
            lines=tuple(lines),
            part=self._part(),
        )

    def _part(self) -> str:
        """Say what a rehearsal's log is a link to."""
        with suppress(OSError):
            return (self.folder / LOG).readlink().parent.name
        return ""


class Tail:
    """The lines that a growing file gains; one that is still being written waits for its end.

    Where another file has come in its place, as in a rehearsal, that is read from its beginning.
    """

    def __init__(self, file: Path, *, last_bytes: int | None = None) -> None:
        self._file = file
        self._last = last_bytes
        self._at: int | None = None
        self._inode: int | None = None
        self._begun = b""
        self.another = False
        """Whether the last look found another file than the one before."""

    def take(self) -> list[str]:
        """Return the whole lines since the last time, without their ends."""
        try:
            with self._file.open("rb") as file:
                found = os.fstat(file.fileno())
                size = found.st_size
                self.another = self._inode not in {None, found.st_ino}
                self._inode = found.st_ino
                if self.another:
                    self._at, self._begun = None, b""
                skips = self._at is None and self._last is not None and size > self._last
                if skips:
                    self._at = size - (self._last or 0)
                elif self._at is None or size < self._at:
                    self._at, self._begun = 0, b""
                file.seek(self._at)
                data = self._begun + file.read()
                self._at = file.tell()
        except OSError:
            self.another = False
            return []
        *whole, self._begun = data.split(b"\n")
        return [line.decode("utf-8", "replace") for line in whole[1 if skips else 0 :]]

    def rest(self) -> list[str]:
        """Return the line that was begun and not ended, once nothing more will come."""
        begun, self._begun = self._begun, b""
        return [begun.decode("utf-8", "replace")] if begun else []


def _step(read: dict[str, Any]) -> Step:
    def number(name: str) -> float | None:
        value = read.get(name)
        return float(value) if isinstance(value, int | float) else None

    def whole(name: str) -> int | None:
        value = read.get(name)
        return int(value) if isinstance(value, int | float) else None

    return Step(
        number=int(read["step"]),
        of=whole("max_steps"),
        loss=number("loss"),
        grad_norm=number("grad_norm"),
        learning_rate=number("learning_rate"),
        eval_loss=number("eval_loss"),
        tokens=whole("tokens"),
        memory=whole("memory_bytes"),
        seconds=number("step_seconds"),
        not_finite=tuple(str(name) for name in read.get("not_finite") or ()),
    )


def _plan(folder: Path) -> RunPlan | None:
    try:
        read = json.loads((folder / PLAN).read_text("utf-8"))
        argv = [str(part) for part in read["launch"]["argv"]]
        stops = read.get("stops") or {}
        named = [*stops.get("names", ()), *stops.get("breaks", ())]
        memorize, processes = read.get("memorize"), read.get("processes")
        return RunPlan(
            config=str(read["config"]),
            debugger="debugpy" in argv,
            stops=tuple(map(str, named)),
            memorize=memorize if isinstance(memorize, int) else None,
            rehearsal=processes if "many" in read and isinstance(processes, int) else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
