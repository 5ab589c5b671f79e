"""A run as the app shows it: its status in a line, its curves, and its rows of tokens."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tool.runs.journal import State
from inspect_tool.runs.ports import HOST
from inspect_tool.samples.facts import Fact
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.chart import Curve, number, thinned
from inspect_tool.tui.describe import SEVERITY_MARKS, joined, plural
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_tool.errors import InspectError
    from inspect_tool.findings import Finding
    from inspect_tool.runs.failures.failure import Failure
    from inspect_tool.runs.follow import RunView, Step

_TONES: Final = {
    State.WAITING: "accent",
    State.RUNNING: "accent",
    State.FINISHED: "good",
    State.FAILED: "bad",
    State.DIED: "bad",
    State.INTERRUPTED: "warn",
}
_WORDS: Final = {
    State.PREPARING: "preparing: the slice of the data and the tiny model",
    State.STARTING: "axolotl starts; that takes some seconds",
    State.INTERRUPTED: "interrupted",
    State.DIED: "died: its process was ended from outside, as by kill -9",
}
MARKS: Final = {
    State.FINISHED: "✔",
    State.FAILED: "✖",
    State.DIED: "✖",
    State.INTERRUPTED: "■",
}
GOES_ON: Final = "●"
BAR_CELLS: Final = 12
"""Width of the progress bar."""
CURVE_COLUMNS: Final = 500
"""More than a curve is ever wide: of a long run, this much is handed to the screen."""


def state_part(view: RunView | None, *, ending: bool = False) -> Part:
    """Return how far a run is, in its tone and with a mark."""
    status = view.status if view else None
    if view is None or status is None:
        return Part("no status was written", "dim")
    state, last = status.state, view.last
    tone = _TONES.get(state, "")
    if ending and not state.over:
        return Part(f"{GOES_ON} ending", "warn")
    said = _WORDS.get(state, "")
    if state is State.WAITING:
        said = f"waits for a debugger on {HOST}:{status.port}"
    elif state is State.RUNNING:
        said = f"{_doing(view)}, {_step(last)}"
    elif state is State.FINISHED:
        said = f"finished, {_step(last)}"
        if status.message:
            return Part(safe(f"▲ {said}: {status.message}", newline=" "), "warn")
    elif state is State.FAILED:
        said = f"failed: {status.message}" if status.message else "failed"
    return Part(safe(f"{MARKS.get(state, GOES_ON)} {said}", newline=" "), tone)


def progress_line(view: RunView | None) -> Line:
    """Return a bar of the steps that are done, while they are being done."""
    last = view.last if view else None
    if view is None or view.over or last is None or not last.of:
        return ()
    done = round(BAR_CELLS * min(last.number / last.of, 1.0))
    return (Part("  "), Part("█" * done, "accent"), Part("░" * (BAR_CELLS - done), "dim"))


def speed_line(view: RunView | None) -> Line:
    """Return time left, tokens a second and memory; what is not known is left out."""
    if view is None:
        return ()
    parts = []
    left, rate, last = view.seconds_left, view.tokens_per_second, view.last
    if left:
        parts.append(Part(f"{duration(left)} left"))
    if rate is not None:
        parts.append(Part(f"{rate:,.0f} tokens/s"))
    if last is not None and last.memory is not None:
        parts.append(Part(size(last.memory)))
    return joined(parts)


def step_line(view: RunView | None) -> Line:
    """Return the last step's numbers, those that were not finite as such."""
    last = view.last if view else None
    if view is None or last is None:
        return ()
    parts = []
    for name, said, value in (
        ("loss", "loss", last.loss),
        ("grad_norm", "gradient norm", last.grad_norm),
        ("learning_rate", "learning rate", last.learning_rate),
    ):
        if name in last.not_finite:
            parts.append(Part(f"{said} not finite", "bad"))
        elif value is not None:
            parts.append(Part(f"{said} {number(value)}"))
    evaluated = [step.eval_loss for step in view.steps if step.eval_loss is not None]
    if evaluated:
        parts.append(Part(f"eval loss {number(evaluated[-1])}"))
    return joined(parts)


def attach_line(view: RunView | None) -> Line:
    """Return how to attach a debugger, while one is waited for; else nothing."""
    status = view.status if view else None
    if view is None or status is None or status.state is not State.WAITING:
        return ()
    how = f'attach: VS Code, "request": "attach", port {status.port}, "justMyCode": false'
    stops = f"stops at {', '.join(view.plan.stops)}" if view.plan.stops else "no named stop"
    return joined([Part(how, "accent"), Part(safe(stops), "dim")])


def curves_of(view: RunView | None) -> tuple[Curve, Curve, Curve]:
    """Return loss, gradient norm and learning rate over the steps, few enough to be drawn."""
    steps = view.training if view else ()
    return (
        _curve("loss", steps, "loss"),
        _curve("gradient norm", steps, "grad_norm"),
        _curve("learning rate", steps, "learning_rate"),
    )


def problem_sections(
    failure: Failure | None,
    problem: InspectError | None,
    findings: Iterable[tuple[str, Finding]],
    notes: Iterable[str],
) -> list[tuple[str, list[Fact]]]:
    """Return why a run failed, what is wrong with its batches, and what was not recorded."""
    sections = []
    if problem is not None:
        facts = [Fact("cause", safe(problem.message, newline=" "), "warning")]
        facts += [Fact("where", safe(str(problem.place)))] if problem.place else []
        facts += [Fact("way out", safe(problem.fix, newline=" "))] if problem.fix else []
        sections.append(("✖ It could not go on", facts))
    if failure is not None:
        sections.append((f"✖ {failure.code}", _failure_facts(failure)))
    for place, finding in findings:
        mark = SEVERITY_MARKS[finding.severity].text
        facts = [Fact("batch", place), Fact("problem", safe(finding.message, newline=" "))]
        facts += [Fact("key", safe(finding.key))] if finding.key else []
        facts += [Fact("way out", safe(finding.fix, newline=" "))] if finding.fix else []
        sections.append((f"{mark} {finding.code}", facts))
    told = [Fact("", safe(note, newline=" ")) for note in notes]
    return [*sections, ("Not recorded", told)] if told else sections


def after_line(view: RunView | None) -> Line:
    """Return what is to be done next with a run that has ended; mostly nothing."""
    status = view.status if view else None
    if view is None or status is None or status.state is not State.FINISHED:
        return ()
    if view.plan.memorize is None:
        return ()
    here, folder = Path.cwd(), view.folder
    place = folder.relative_to(here) if folder.is_relative_to(here) else folder
    ask = shlex.join(["inspect-tool", "sanity", str(place)])
    return (Part(safe(ask, newline=" "), "accent"), Part("  asks for what it has learned", "dim"))


def duration(seconds: float) -> str:
    """Return a time as a person says it: ``8 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """Return bytes in the unit that fits."""
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"


def _doing(view: RunView) -> str:
    processes = view.plan.rehearsal
    if processes is None:
        return "running"
    return f"rehearsing on {f'{processes} processes' if view.part == 'many' else '1 process'}"


def _step(last: Step | None) -> str:
    if last is None:
        return "no step yet"
    return f"step {last.number:,}/{last.of:,}" if last.of else plural(last.number, "step")


def _curve(name: str, steps: Iterable[Step], key: str) -> Curve:
    """Return a curve of the steps that say something of it."""
    points = ((step.number, getattr(step, key), key in step.not_finite) for step in steps)
    known = [
        (at, value if value is not None and math.isfinite(value) else None)
        for at, value, odd in points
        if odd or value is not None
    ]
    return Curve(name, thinned(known, CURVE_COLUMNS))


def _failure_facts(failure: Failure) -> list[Fact]:
    facts = [Fact("cause", failure.cause, "warning")]
    if failure.evidence:
        line = f" (log line {failure.log_line:,})" if failure.log_line else ""
        facts.append(Fact("evidence", f"{failure.evidence}{line}"))
    if failure.key:
        facts.append(Fact("key", f"{failure.key}" + (f" ({failure.place})" * bool(failure.place))))
    facts.append(Fact("way out", failure.fix))
    if failure.frame is not None:
        facts.append(Fact("raised in", f"{failure.frame.link} {failure.frame.function}"))
    if failure.traceback:
        facts.append(Fact("traceback", "4 shows it"))
    return facts
