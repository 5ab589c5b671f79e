"""Looks into a run's folder from a thread, and hands over what is new as one value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from inspect_tool.errors import InspectError
from inspect_tool.runs.batches import read_batches, read_notes
from inspect_tool.runs.failures.explain import explain_run
from inspect_tool.runs.failures.failure import UNKNOWN, Failure
from inspect_tool.runs.follow import Follower, RunView
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.ranks.first import explain_first
from inspect_tool.scale.ranks.follow import RanksFollower, RanksView
from inspect_tool.tui.batches import BatchRows, rows_of
from inspect_tool.tui.rehearsal import going_on, read_result
from inspect_tool.tui.run import curves_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.samples.vocabulary import Vocabulary
    from inspect_tool.tui.chart import Curve
    from inspect_tool.tui.why import Sections

LOOK_SECONDS: Final = 0.2
"""How often the folder is looked into while the run goes on."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What a look brought: the run by now, and batches that are new."""

    view: RunView
    curves: tuple[Curve, ...] = ()
    batches: tuple[BatchRows, ...] = ()
    notes: tuple[str, ...] = ()
    """What the recorder could not do."""
    failure: Failure | None = None
    ranks: RanksView = field(default_factory=RanksView)
    """Empty for a run of one process."""
    rehearsal: Sections = field(default_factory=list)
    """Empty for any run that is no rehearsal."""


def watch(folder: Path, say: Callable[[Looked], None], stop: threading.Event) -> None:
    """Look until the run is over or ``stop`` is set; ``say`` is told whenever something is new."""
    follower, ranks, before, known, part = Follower(folder), RanksFollower(folder), None, 0, ""
    while not stop.is_set():
        view, fleet = follower.look(), ranks.look()
        if view.part != part:
            known, part = 0, view.part
        batches = tuple(rows_of(batch) for batch in read_batches(folder, after=known))
        known = max((rows.batch.number for rows in batches), default=known)
        now = (view.status, len(view.steps), fleet.ranks, view.part)
        if now != before or view.lines or batches:
            before = now
            failure = _failure(view, fleet) if view.over else None
            looked = Looked(view, curves_of(view), batches, read_notes(folder), failure, fleet)
            say(replace(looked, rehearsal=_rehearsal(view)))
        if view.over:
            return
        stop.wait(LOOK_SECONDS)


def _failure(view: RunView, fleet: RanksView) -> Failure | None:
    """Say why a run failed; of several ranks, the one that went first says it best."""
    failure = explain_run(view.folder)
    if failure is None or fleet.first_gone is None:
        return failure
    told = explain_first(view.folder, fleet.first_gone)
    if told is not None or view.status is None or not view.status.message:
        return told or failure
    return Failure(UNKNOWN, safe(view.status.message), "page 5 has each rank and its log")


def _rehearsal(view: RunView) -> Sections:
    processes = view.plan.rehearsal
    if processes is None:
        return []
    return read_result(view.folder) if view.over else going_on(processes, view.part)


def vocabulary_of(folder: Path, worker: AxolotlWorker | None) -> Vocabulary | None:
    """Read the run's tokenizer, with axolotl's help where its files do not suffice; blocks.

    None where it cannot be had: tokens are then shown by their ids.
    """
    from inspect_tool.opened import read_vocabulary
    from inspect_tool.runs.target import resolve
    from inspect_tool.runs.tokenizers import load_tokenizer
    from inspect_tool.samples.vocabulary import TokenizerMissingError, Vocabulary

    try:
        target = resolve(folder)
        reference = target.tokenizer
        if reference is None or worker is None or not reference.needs_worker:
            return read_vocabulary(target)
        try:
            known = load_tokenizer(reference, target.config, cwd=target.cwd, worker=worker)
        except InspectError:
            return read_vocabulary(target)
        return Vocabulary.load(known)
    except (InspectError, TokenizerMissingError, OSError):
        return None
