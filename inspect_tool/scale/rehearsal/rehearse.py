"""A rehearsal carried out: both runs in the real launcher, then one answer: agree, or why not."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.batches import BATCHES
from inspect_tool.runs.batches import FOLDER as BATCH_FOLDER
from inspect_tool.runs.cut import cut
from inspect_tool.runs.debug_run import end, refuse
from inspect_tool.runs.journal import CONFIG, LOG, METRICS, PLAN, Journal, State, make_folder
from inspect_tool.scale.rehearsal import ends, processes
from inspect_tool.scale.rehearsal.compare import compare
from inspect_tool.scale.rehearsal.recorded import Recorded, Tolerance, numbers_of
from inspect_tool.scale.rehearsal.run import Following, Outcome, run_part

if TYPE_CHECKING:
    from inspect_tool.findings import Finding
    from inspect_tool.runs.overrides.draft import Override
    from inspect_tool.scale.rehearsal.facts import Rank, Step
    from inspect_tool.scale.rehearsal.plan import Part, RehearsalPlan

RESULT = "rehearsal.json"
SHOWN = (CONFIG, METRICS, BATCHES, BATCH_FOLDER, LOG)
"""What of a run's folder stands in the rehearsal's as well, as a link; the log says which run."""


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal found. ``failed``: a run did not train to its end, so nothing is known."""

    folder: Path
    processes: int
    strategy: str
    findings: tuple[Finding, ...]
    one: Rank | None
    many: tuple[Rank, ...]
    tolerance: Tolerance
    changes: tuple[Override, ...] = ()
    failed: bool = False
    compared: int | None = None
    """Steps that could be compared, the data being long enough; None: all."""

    @property
    def agree(self) -> bool:
        """Whether many processes compute what one computes."""
        return not self.failed and not any(f.severity == "error" for f in self.findings)

    @property
    def verdict(self) -> str:
        """What was found, in one line."""
        what = f"1 process and {self.processes} ({self.strategy})"
        if self.agree:
            return f"agree: {what} compute the same"
        if self.failed:
            return f"failed: {what} could not be compared"
        if {f.code for f in self.findings if f.severity == "error"} == {ends.SAVE_FAILED}:
            return f"failed to save: {what} compute the same until then"
        return f"disagree: {what} do not compute the same"

    def compares(self, step: int) -> bool:
        """Whether that step's numbers should be the same."""
        return self.compared is None or step <= self.compared

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/rehearsal.json)."""
        first = self.many[0] if self.many else None
        known = {step.step: step for step in (first.steps if first else ())}
        steps = self.one.steps if self.one else ()
        return {
            "agree": self.agree,
            "failed": self.failed,
            "verdict": self.verdict,
            "run": str(self.folder),
            "processes": self.processes,
            "strategy": self.strategy,
            "changes": [json.loads(json.dumps(c.to_json(), default=str)) for c in self.changes],
            "tolerance": {"loss": self.tolerance.loss, "grad_norm": self.tolerance.grad_norm},
            "steps": [
                {
                    "step": s.step,
                    "compared": self.compares(s.step),
                    "one": _numbers(s),
                    "many": _numbers(known.get(s.step)),
                }
                for s in steps
            ],
            "rows_seen": {str(r.process.rank): list(numbers_of(r)) for r in self.many},
            "ranks": [_process(rank) for rank in self.many],
            "findings": [finding.to_json() for finding in self.findings],
        }


def rehearse(plan: RehearsalPlan, following: Following | None = None) -> Rehearsal:
    """Carry out ``plan``; blocks until both runs have ended and nothing of them is left.

    The run on many processes reads the rows that the run on one has prepared. Raises InspectError
    where it cannot start, KeyboardInterrupt once it was to stop; a run that fails or hangs is a
    result.
    """
    refuse(plan.base)
    journal = make_folder(plan.folder)
    try:
        write_inputs(plan, journal)
        journal.say(State.RUNNING)
        outcomes = _run_both(plan, following)
        found = judge(plan, outcomes)
        journal.write(RESULT, json.dumps(found.to_json(), indent=2) + "\n")
    except KeyboardInterrupt:
        end(journal, State.INTERRUPTED, "interrupted")
        raise
    except BaseException as error:
        end(journal, State.FAILED, str(error))
        raise
    _finish(journal, found, outcomes[-1])
    return found


def write_inputs(plan: RehearsalPlan, journal: Journal) -> None:
    """Write what both runs read: the first rows of the data, and the tiny model's config.

    Raises InspectError where there is no row, or where something cannot be written.
    """
    journal.write(PLAN, json.dumps(plan.to_json(), indent=2) + "\n")
    for part in plan.base.cuts:
        if cut(part) == 0:
            raise InspectError("there is no row in it", place=part.source)
    if plan.base.model.tiny is not None:
        plan.base.model.tiny.write()


def judge(plan: RehearsalPlan, outcomes: tuple[Outcome, ...]) -> Rehearsal:
    """Compare what the runs wrote; pure."""
    ranks = {outcome.part.which: outcome.ranks for outcome in outcomes}
    one = next(iter(ranks.get("one", ())), None)
    many = ranks.get("many", ())
    largest = one.training.largest if one and one.training else 0
    tolerance = Tolerance.of(plan.many.values, strategy=plan.fleet.strategy, largest=largest)
    findings = [finding for outcome in outcomes for finding in ends.find(outcome)]
    compared = None
    all_ran = len(outcomes) == 2 and all(outcome.all_ended for outcome in outcomes)
    if one is not None and one.training is not None and many:
        gpus = plan.device.kind == "cuda"
        recorded = Recorded(one, many, plan.fleet, tolerance, on_gpus=gpus)
        compared = recorded.whole_steps
        findings += compare(recorded) if all_ran else tuple(processes.find(recorded))
    return Rehearsal(
        folder=plan.folder,
        processes=plan.fleet.processes,
        strategy=str(plan.fleet.strategy),
        findings=(*findings, *plan.notes),
        one=one,
        many=many,
        tolerance=tolerance,
        changes=plan.overrides,
        failed=not all_ran,
        compared=compared,
    )


def _run_both(plan: RehearsalPlan, following: Following | None) -> tuple[Outcome, ...]:
    _show(plan.one)
    one = run_part(plan.one, following)
    if not one.all_ended:
        return (one,)
    _show(plan.many)
    return (one, run_part(plan.many, following))


def _show(part: Part) -> None:
    """Have the rehearsal's folder show the run that goes on: it opens as that of any other run."""
    with suppress(OSError):
        for name in SHOWN:
            link = part.folder.parent / name
            link.unlink(missing_ok=True)
            link.symlink_to(Path(part.folder.name) / name)


def _finish(journal: Journal, found: Rehearsal, last: Outcome) -> None:
    errors = [finding for finding in found.findings if finding.severity == "error"]
    message = errors[0].message if errors else ""
    state = State.FAILED if found.failed else State.FINISHED
    end(journal, state, message, last.exit_status if found.failed else 0)


def _numbers(step: Step | None) -> dict[str, float | None]:
    names = ("loss", "grad_norm", "learning_rate")
    return {name: _finite(getattr(step, name) if step else None) for name in names}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _process(rank: Rank) -> dict[str, Any]:
    process = rank.process
    return {
        "rank": process.rank,
        "world": process.world,
        "distributed": process.distributed,
        "backend": process.backend,
        "device": process.device,
    }
