"""Every check over a whole dataset, in one pass; pure: nothing is written, nothing printed."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.findings import Finding
from inspect_tool.samples.census import PART_SECONDS, CensusTaker, Counts
from inspect_tool.samples.checks.evidence import shown_piece
from inspect_tool.samples.checks.intent import Intent
from inspect_tool.samples.checks.markers import Markers
from inspect_tool.samples.checks.registry import DAMAGED, chosen, is_wanted
from inspect_tool.samples.checks.report import LastToken, Report, worst_first
from inspect_tool.samples.checks.rows import Rows
from inspect_tool.samples.checks.rule import LabelsMean, RowsLens, Rule, Setting, Summary
from inspect_tool.samples.scan import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from inspect_tool.samples.prepared import PreparedDataset
    from inspect_tool.samples.scan import Looked
    from inspect_tool.samples.views import RowsView
    from inspect_tool.samples.vocabulary import Vocabulary

CONCLUDE_SECONDS = 1.0
"""How often findings so far are worked out while a long pass goes on."""

CONCLUDE_SHARE = 10
"""Concluding may take one part in so many of the time of a pass."""

LAST_TOKENS = 5
"""Last trained tokens that a report tells apart."""


class Seen(NamedTuple):
    """What one stretch gave: its counts, what every rule saw, and what rules share."""

    counts: Counts
    parts: tuple[Any, ...]
    longest: int
    last_trained: NDArray[np.int32]
    uneven: NDArray[np.int64]


def check(
    dataset: PreparedDataset,
    vocabulary: Vocabulary | None,
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    request: Collection[str] = (),
    config: Mapping[str, Any] | None = None,
    on_part: Callable[[Report], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Check every row of a dataset; without a vocabulary some rules are not run.

    ``select`` and ``ignore`` name codes, ``request`` those of rules that run only when asked for
    (L-NEAR-DUPLICATE), besides the others; ``config`` are the values of the YAML that prepared the
    dataset, so that what it asks for is no fault. ``on_part`` is handed the report so far every
    PART_SECONDS; after ``cancelled`` says so, the report is of the rows looked at until then.
    Raises InspectError for a code that does not exist.
    """
    setting = _setting(dataset, vocabulary, Intent.of(config))
    asked = chosen(select=select, ignore=ignore, request=request)
    possible = tuple(rule for rule in asked if rule.applies(setting))
    reasons = {rule.code: reason for rule in possible if (reason := rule.undecided(setting))}
    rules = tuple(rule for rule in possible if rule.code not in reasons)
    damages = is_wanted(DAMAGED, select=select, ignore=ignore)
    taker = _Pass(setting, rules, reasons, damages=damages)
    due = conclude = time.monotonic() + PART_SECONDS
    findings: tuple[Finding, ...] = ()
    for looked in scan(dataset, taker.look):
        taker.add(looked)
        if cancelled is not None and cancelled():
            break
        if on_part is None or (now := time.monotonic()) < due:
            continue
        if now >= conclude:
            findings = taker.findings(final=False)
            took = time.monotonic() - now
            conclude = now + max(CONCLUDE_SECONDS, CONCLUDE_SHARE * took)
        on_part(taker.report(findings))
        due = time.monotonic() + PART_SECONDS
    return taker.report(taker.findings(final=True))


class _Pass:
    """Collects what the stretches of one scan give."""

    def __init__(
        self,
        setting: Setting,
        rules: tuple[Rule, ...],
        reasons: dict[str, str],
        *,
        damages: bool,
    ) -> None:
        self._damages = damages
        self._setting = setting
        self._rules = rules
        self._reasons = reasons
        self._taker = CensusTaker(setting.dataset)
        self._parts: list[list[Any]] = [[] for _ in rules]
        self._last = np.full(setting.dataset.num_rows, -1, dtype=np.int32)
        self._ends: Counter[int] = Counter()
        self._longest = 0
        self._problems: dict[str, list[range]] = {}
        self._uneven: list[NDArray[np.int64]] = []

    def look(self, view: RowsView) -> Seen:
        """Let every rule look at a stretch; called in several threads."""
        rows = RowsLens(view, self._setting)
        sides = view.sequences
        return Seen(
            counts=Counts.of(view),
            parts=tuple(rule.look(rows, self._setting) for rule in self._rules),
            longest=max((int(side.lengths.max(initial=0)) for side in sides), default=0),
            last_trained=_last_trained(rows, self._setting),
            uneven=np.flatnonzero(np.logical_or.reduce([side.uneven for side in sides]))
            if sides
            else np.empty(0, dtype=np.int64),
        )

    def add(self, looked: Looked[Seen]) -> None:
        """Take in the next stretch."""
        seen, stretch = looked.found, looked.stretch
        self._taker.add(looked, seen.counts if seen else None)
        rows = range(stretch.first, stretch.first + len(stretch))
        if looked.problem is not None:
            said = InspectError(looked.problem.message, place=looked.problem.place)
            self._problems.setdefault(str(said), []).append(rows)
        if seen is None:
            return
        for parts, part in zip(self._parts, seen.parts, strict=True):
            if part is not None:
                parts.append(part)
        self._longest = max(self._longest, seen.longest)
        self._last[rows.start : rows.stop] = seen.last_trained
        ids, counts = np.unique(seen.last_trained[seen.last_trained >= 0], return_counts=True)
        self._ends.update(dict(zip(ids.tolist(), counts.tolist(), strict=True)))
        if len(seen.uneven):
            self._uneven.append(seen.uneven + rows.start)

    def findings(self, *, final: bool) -> tuple[Finding, ...]:
        """Conclude from what was seen so far; some rules only when it is all."""
        summary = Summary(self._setting, self._taker.census(), self._longest, self._last)
        found = list(self._damaged()) if self._damages else []
        for rule, parts in zip(self._rules, self._parts, strict=True):
            if final or not rule.at_end:
                found += rule.conclude(parts, summary)
        return worst_first(found)

    def report(self, findings: tuple[Finding, ...]) -> Report:
        """Return what is known so far."""
        return Report(
            census=self._taker.census(),
            findings=findings,
            run=tuple(rule.code for rule in self._rules),
            not_run=self._reasons,
            last_tokens=self._last_tokens(),
        )

    def _damaged(self) -> Iterator[Finding]:
        fix = "run axolotl preprocess again"
        for damage in self._setting.dataset.damages:
            yield Finding(code=DAMAGED, severity="error", message=str(damage), fix=fix)
        for message, stretches_ in self._problems.items():
            rows = Rows(np.concatenate([np.arange(r.start, r.stop) for r in stretches_]))
            yield Finding(
                code=DAMAGED, severity="error", message=message, count=len(rows), rows=rows, fix=fix
            )
        if self._uneven:
            rows = Rows(np.concatenate(self._uneven))
            yield Finding(
                code=DAMAGED,
                severity="error",
                message="labels, attention_mask or position_ids have another length than input_ids",
                count=len(rows),
                rows=rows,
                fix=fix,
            )

    def _last_tokens(self) -> tuple[LastToken, ...]:
        markers = self._setting.markers
        vocabulary = markers.vocabulary if markers else None
        return tuple(
            LastToken(token_id, shown_piece(vocabulary, token_id), count)
            for token_id, count in self._ends.most_common(LAST_TOKENS)
        )


def _setting(dataset: PreparedDataset, vocabulary: Vocabulary | None, intent: Intent) -> Setting:
    markers = None
    if vocabulary is not None:
        markers = Markers.of(vocabulary, eot_tokens=intent.eot_tokens, tokens=intent.tokens)
    return Setting(dataset, markers, intent, _labels_mean(dataset))


def _labels_mean(dataset: PreparedDataset) -> LabelsMean:
    """Tell ids from classes by the first labels there are: most classes are 0 or 1."""
    if not any(columns.labels for columns in dataset.kind.sequences):
        return "nothing"
    for looked in scan(dataset, _like_classes, threads=1):
        if looked.found is not None and len(looked.found):
            return "classes" if 2 * np.count_nonzero(looked.found) > len(looked.found) else "tokens"
    return "tokens"


def _like_classes(view: RowsView) -> NDArray[np.bool_] | None:
    """Tell for every trained token whether its label is 0 or 1 and not its id."""
    side = view.sequences[0]
    if side.labels is None or side.trained is None:
        return None
    labels = side.labels[side.trained]
    return np.asarray(np.isin(labels, (0, 1)) & (labels != side.ids[side.trained]))


def _last_trained(rows: RowsLens, setting: Setting) -> NDArray[np.int32]:
    """Return the id of every row's last trained token that is not white space; int32[rows]."""
    found = np.full(len(rows), -1, dtype=np.int32)
    if not setting.trains_tokens or not rows.sequences:
        return found
    lens = rows.sequences[0]
    view = lens.sequence
    filled = np.flatnonzero(view.last_runs >= 0)
    run = view.last_runs[filled]
    last = view.runs.stop[run] - 1
    if lens.known is not None:
        spaced = lens.markers.is_space(view.ids[last]) & (last > view.runs.start[run])
        last = last - spaced
    found[filled] = view.ids[last]
    return found
