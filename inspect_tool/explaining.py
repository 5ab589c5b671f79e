"""Why each token of an opened dataset is trained or masked: what every surface asks.

Which config made the dataset is confirmed first, because an explanation by another config would
be wrong without looking so.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.prompts.origin import OriginIndex, WhySample, origin_of, raw_samples, why
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.runs.confirm import confirm
from inspect_tool.runs.target import TargetKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.opened import Opened
    from inspect_tool.prompts.origin import Origin
    from inspect_tool.runs.target import Target
    from inspect_tool.samples.sample import Sample


class Explaining:
    """Explains rows of one opened dataset. ``progress`` is called with raw rows done and all.

    Everything raises InspectError: without a config there is nothing to explain by.
    """

    def __init__(
        self,
        opened: Opened,
        worker: AxolotlWorker,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._opened = opened
        self._worker = worker
        self._progress = progress
        self._index: OriginIndex | None = None

    @cached_property
    def target(self) -> Target:
        """The opened target with what axolotl's hash says of its config."""
        if self._opened.target.identity is not None:
            return self._opened.target
        target = confirm(self._opened.target, self._worker)
        own = target.kind is TargetKind.CONFIG and target.dataset != self._opened.target.dataset
        return self._opened.target if own else target

    @cached_property
    def rows(self) -> TrainingRows:
        """The raw rows of the config that made the dataset."""
        target = self.target
        if target.config is None:
            raise InspectError(
                "no config is known for it, and only a config's rules explain a mask",
                place=target.path,
                fix="name the YAML that it was prepared with: --config FILE.yml",
            )
        return TrainingRows(
            self._worker, target.config.path, target.cwd, split=target.split or "train"
        )

    def sample(self, row: int) -> WhySample:
        """Explain one row of the dataset."""
        return self.explain(self._opened.sample(row))

    def explain(self, sample: Sample) -> WhySample:
        """Explain a sample of the dataset."""
        return why(sample, self.rows, self.origin(sample))

    def index(self) -> None:
        """Render every raw row once, so that each origin is then found at once."""
        limit = self.rows.info.limit
        self._index = OriginIndex(self.rows, lengths=(limit,), progress=self._progress)

    def origin(self, sample: Sample) -> Origin | None:
        """Return the raw row of a sample, None if no raw row renders to it."""
        if self._index is not None:
            return self._index.of(sample)
        return origin_of(sample, self.rows, progress=self._progress)


def explain_raw(
    target: Target, worker: AxolotlWorker, *, source: int, row: int
) -> tuple[TrainingRows, list[WhySample]]:
    """Explain a raw row of a config as axolotl renders it now, prepared or not.

    Returns the rows that it stands in and a sample for each row that axolotl makes of it.
    """
    if target.config is None:
        raise InspectError(
            "a raw row needs a config", place=target.path, fix="name the YAML, or --config FILE.yml"
        )
    rows = TrainingRows(worker, target.config.path, target.cwd, split=target.split or "train")
    sources = rows.info.sources
    if source >= len(sources):
        raise InspectError(
            f"dataset {source} is not there",
            place=target.config.path,
            fix=f"its datasets are 0 to {len(sources) - 1}",
        )
    if row >= sources[source].rows:
        raise InspectError(
            f"raw row {row} is not there",
            place=sources[source].entry,
            fix=f"its rows are 0 to {sources[source].rows - 1}",
        )
    samples = raw_samples(rows, source, row)
    if not samples:
        raise InspectError(
            "axolotl makes no tokens of it: its rows are stored as text, or it makes no row",
            place=f"{sources[source].entry}, raw row {row}",
            fix="inspect-tool show prints the text, inspect-tool ledger what became of the row",
        )
    return rows, samples
