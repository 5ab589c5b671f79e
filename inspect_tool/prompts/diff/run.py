"""A diff from the outside: a config, targets, rows; comparisons come as they are made.

Nothing here imports axolotl; the worker does the work.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inspect_tool.axolotl_worker import WorkerError
from inspect_tool.errors import InspectError
from inspect_tool.prompts.data_problems import data_problems_named
from inspect_tool.prompts.diff.results import Comparison, DiffReport, Failure
from inspect_tool.prompts.diff.tasks import Compared, Plan, compare_rows, open_diff
from inspect_tool.prompts.inference.specs import Options, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.training import TrainingRows

OPEN_SECONDS = 600.0
CHUNK_SECONDS = 180.0
"""For one chunk of rows, beyond what a server may take over each."""
FIRST_CHUNK = 16
LARGEST_CHUNK = 1000
CHUNK_TIME = 1.0
"""Seconds that one chunk should take, so that the first results show soon."""


@dataclass(frozen=True)
class Progress:
    """Raw rows done of all that are asked for."""

    done: int
    of: int


class Diff:
    """Compares the raw rows of a config with targets.

    ``rows`` counts them over all datasets. Raises InspectError where the config, its data or a
    target cannot be used at all, RunFailedError where the worker failed.
    """

    def __init__(
        self,
        training: TrainingRows,
        specs: Sequence[TargetSpec],
        options: Options | None = None,
    ) -> None:
        self.training = training
        self.worker: AxolotlWorker = training.worker
        self.plan = Plan(training.request, tuple(specs), options or Options())
        self.failures: list[Failure] = []
        self.refused: dict[str, InspectError] = {}
        self.dropped = 0
        self.unwritten: Counter[str] = Counter()
        self.progress = Progress(0, 0)
        self._left_out: tuple[str, ...] = ()

    def open(self) -> int:
        """Make everything ready; return how many raw rows there are."""
        request = self.training.request
        with self._named_when_ended(), data_problems_named(request.config, request.cwd):
            self._left_out = self.worker.call(open_diff, self.plan, timeout=OPEN_SECONDS)
        return self.training.refresh().rows

    def run(
        self, *, rows: Sequence[int] | None = None, limit: int | None = None
    ) -> Iterator[Comparison]:
        """Yield the comparisons of raw rows, all of them by default, in their order.

        Failures gather in ``failures``. A target that turns out to be unusable is given up and
        goes into ``refused``; once all are, the first one's reason is raised.
        """
        total = self.open()
        wanted = list(range(total)) if rows is None else [self._existing(row) for row in rows]
        wanted = wanted if limit is None else wanted[:limit]
        self.progress = Progress(0, len(wanted))
        for part in self._parts(wanted):
            yield from self._compared(*part)
            self.progress = Progress(self.progress.done + part[2] - part[1], len(wanted))

    def report(self, *, rows: Sequence[int] | None = None, limit: int | None = None) -> DiffReport:
        """Run it all and return one report."""
        comparisons = tuple(self.run(rows=rows, limit=limit))
        return self.report_of(comparisons)

    def report_of(self, comparisons: tuple[Comparison, ...]) -> DiffReport:
        """Return the report of comparisons that were run."""
        refused = [Failure(-1, name, str(error)) for name, error in self.refused.items()]
        return DiffReport(
            targets=tuple(spec.name for spec in self.plan.specs),
            comparisons=comparisons,
            failures=(*self.failures, *refused),
            notes=self.notes,
        )

    @contextmanager
    def _named_when_ended(self) -> Iterator[None]:
        """Say what it was when the worker had to be ended for a rendering without end."""
        try:
            yield
        except WorkerError as error:
            if not error.message.endswith(f"signal {signal.SIGPROF.value}"):
                raise
            names = " or ".join(spec.name for spec in self.plan.specs)
            raise InspectError(
                "a template or function ran on without end and was ended",
                place=names,
                fix="look for a calculation in it that never ends",
            ) from None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out: of the config, of the rows, of the data by the template."""
        notes = []
        if self._left_out:
            notes.append(f"left out of the config: {', '.join(self._left_out)}")
        if self.dropped:
            notes.append(f"{self.dropped} rows are dropped for their length and not compared")
        notes += [
            f"the training template leaves out the {what} of {count:,} rows"
            for what, count in sorted(self.unwritten.items())
        ]
        return tuple(notes)

    def _compared(self, source: int, start: int, stop: int, first: int) -> Iterator[Comparison]:
        plan = replace(self.plan, refused=frozenset(self.refused))
        patience = CHUNK_SECONDS + (stop - start) * self.plan.options.timeout
        with self._named_when_ended():
            answer: Compared = self.worker.call(
                compare_rows, plan, source, start, stop, first, timeout=patience
            )
        self.failures += answer.failures
        self.refused.update(answer.refused)
        self.dropped += answer.dropped
        self.unwritten.update(answer.unwritten)
        yield from answer.comparisons
        if len(self.refused) == len(self.plan.specs):
            raise next(iter(self.refused.values()))

    def _parts(self, wanted: list[int]) -> Iterator[tuple[int, int, int, int]]:
        """Cut the rows into runs within one dataset: source, start, stop, its first row."""
        size = FIRST_CHUNK
        at = 0
        while at < len(wanted):
            source, first, end = self._source(wanted[at])
            stop = at + 1
            while (
                stop < len(wanted)
                and stop - at < size
                and wanted[stop] == wanted[stop - 1] + 1
                and wanted[stop] < end
            ):
                stop += 1
            began = time.perf_counter()
            yield source, wanted[at] - first, wanted[stop - 1] + 1 - first, first
            took = max(time.perf_counter() - began, 1e-3)
            size = max(1, min(int((stop - at) * CHUNK_TIME / took), 2 * size, LARGEST_CHUNK))
            at = stop

    def _source(self, row: int) -> tuple[int, int, int]:
        """Return the dataset of a row, and the first row of it and of the next."""
        first = 0
        for index, source in enumerate(self.training.info.sources):
            if row < first + source.rows:
                return index, first, first + source.rows
            first += source.rows
        raise InspectError(f"raw row {row} is not there", place=self.training.request.config)

    def _existing(self, row: int) -> int:
        count = self.training.info.rows
        if 0 <= row < count:
            return row
        raise InspectError(
            f"raw row {row} is not there",
            place=self.training.request.config,
            fix=f"its rows are 0 to {count - 1}" if count else "it has no rows",
        )
