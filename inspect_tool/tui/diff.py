"""A diff as the app shows it: what was compared so far, the samples that differ in groups by cause.

Comparisons come from the worker a chunk at a time; each state is one frozen value.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from inspect_tool.errors import InspectError
from inspect_tool.prompts.diff.run import Diff
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.runs.outdated import with_way_out
from inspect_tool.samples.facts import Fact
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.diff.results import Comparison, Difference
    from inspect_tool.prompts.inference.specs import TargetSpec
    from inspect_tool.runs.config import Config

SAY_SECONDS: Final = 0.25
"""How often a state is handed over while the comparison goes on."""


@dataclass(frozen=True)
class Asked:
    """Which config is held against which target."""

    config: Config
    cwd: Path
    split: str
    spec: TargetSpec


@dataclass(frozen=True)
class DiffState:
    """What is known so far; ``differing`` in the order of the raw rows.

    ``failed`` rows could not be compared, the first of them for ``failure``, ``dropped`` ones are
    too long; a ``problem`` ended it all. ``notes`` say what was left out.
    """

    differing: tuple[Comparison, ...] = ()
    done: int = 0
    of: int = 0
    failed: int = 0
    failure: str = ""
    dropped: int = 0
    notes: tuple[str, ...] = ()
    finished: bool = False
    problem: InspectError | None = None

    @cached_property
    def groups(self) -> tuple[tuple[str, tuple[Comparison, ...]], ...]:
        """Samples that differ for the same causes, under these, the largest group first."""
        found: dict[str, list[Comparison]] = {}
        for item in self.differing:
            found.setdefault(" + ".join(item.causes), []).append(item)
        ordered = sorted(found.items(), key=lambda group: (-len(group[1]), group[0]))
        return tuple((causes, tuple(items)) for causes, items in ordered)

    @property
    def compared(self) -> int:
        """Rows that were held against the target."""
        return max(self.done - self.failed - self.dropped, 0)

    @property
    def message(self) -> str:
        """How it stands, in one line."""
        if self.problem is not None:
            return "could not be compared"
        if not self.of and not self.finished:
            return "axolotl renders the rows; its start takes some seconds"
        rows = len({item.row for item in self.differing})
        if not self.compared and not rows and self.finished:
            return "no row could be compared"
        said = (
            f"{rows:,} of {max(self.compared, rows):,} rows differ"
            if rows
            else f"{self.compared:,} rows, no difference"
        )
        if self.failed:
            said += f", {self.failed:,} not compared"
        return said if self.finished else f"{said}, {self.of - self.done:,} to go"


def run_diff(
    asked: Asked,
    worker: AxolotlWorker,
    say: Callable[[DiffState], None],
    cancelled: Callable[[], bool],
) -> None:
    """Compare every raw row and hand over states until it is done; blocks, for a thread."""
    training = TrainingRows(worker, asked.config.path, asked.cwd, split=asked.split)
    diff = Diff(training, (asked.spec,))
    differing: list[Comparison] = []
    said = time.monotonic()

    def state(*, finished: bool = False, problem: InspectError | None = None) -> DiffState:
        rows = {failure.row for failure in diff.failures if failure.row >= 0}
        progress = diff.progress
        return DiffState(
            differing=tuple(differing),
            done=progress.of if finished else progress.done,
            of=progress.of,
            failed=len(rows),
            failure=diff.failures[0].message if diff.failures else "",
            dropped=diff.dropped,
            notes=diff.notes if finished else (),
            finished=finished,
            problem=problem,
        )

    try:
        for item in diff.run():
            if cancelled():
                return
            if not item.agrees:
                differing.append(item)
            if time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                say(state())
    except InspectError as problem:
        say(state(finished=True, problem=with_way_out(problem)))
        return
    say(state(finished=True))


def count_of(comparison: Comparison) -> int:
    """Return how many differences a sample has, a wrong stop among them."""
    return len(comparison.differences) + (not comparison.stop.ok)


def facts_of(comparison: Comparison, index: int) -> list[tuple[str, list[Fact]]]:
    """Return cause, evidence and fix of a sample's difference ``index``; all of it safe."""
    count = count_of(comparison)
    if index < len(comparison.differences):
        item = comparison.differences[index]
        cause, facts = item.cause, _difference_facts(item)
    else:
        stop = comparison.stop
        cause = "D-STOPSET"
        trained = " ".join(map(str, stop.trained_end)) or "nothing"
        stops = " ".join(map(str, stop.stop_ids)) or "nothing"
        facts = [
            Fact("evidence", safe(stop.message)),
            Fact("ids", safe(f"trained end {trained}; stops on {stops} {stop.from_where}")),
            Fact("fix", safe(stop.fix)),
        ]
    if comparison.inferred:
        names = ", ".join(f"{{{name}}}" for name in comparison.inferred)
        facts.append(Fact("inferred", safe(f"from the training text: {names}"), "special"))
    return [(f"Difference {index + 1} of {count}: {cause}", facts)]


def _difference_facts(item: Difference) -> list[Fact]:
    certain = "" if item.proven else "likely: "
    facts = [Fact("evidence", safe(f"{certain}{item.message}")), Fact("fix", safe(item.fix))]
    if item.same_text:
        facts.append(Fact("note", "both sides read alike; only the ids differ", "special"))
    return facts
