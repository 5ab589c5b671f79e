"""A rehearsal as text: the verdict, each step's numbers side by side, and what does not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.report.marks import ascii_only
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.rehearsal.recorded import apart, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding, Severity
    from inspect_tool.report.look import Look
    from inspect_tool.scale.rehearsal.facts import Rank, Step
    from inspect_tool.scale.rehearsal.rehearse import Rehearsal

_COLORS: dict[Severity, str] = {"error": "1;31", "warning": "1;33", "info": "2"}
_SHOWN_ROWS = 12


def rehearsal_text(rehearsal: Rehearsal, look: Look) -> str:
    """Return the whole result, what does not agree last."""
    lines = [
        _styled(rehearsal.verdict, "1;32" if rehearsal.agree else "1;31", look),
        *_processes(rehearsal),
        "",
        *_steps(rehearsal, look),
        *(line for finding in rehearsal.findings for line in _finding(finding, look)),
        f"changed     {len(rehearsal.changes)} keys, to be tiny and alike; plan.json says why",
        f"run folder  {safe(str(rehearsal.folder), newline=' ')}",
    ]
    text = "\n".join(lines)
    return f"{text if look.unicode else ascii_only(text)}\n"


def _processes(rehearsal: Rehearsal) -> Iterator[str]:
    for rank in rehearsal.many:
        process = rank.process
        told = f"world {process.world}, {process.distributed}, {process.backend or 'no backend'}"
        yield f"rank {process.rank:<5}  {safe(told, newline=' ')}, {process.device}{_rows(rank)}"


def _rows(rank: Rank) -> str:
    rows = list(numbers_of(rank))
    if not rows:
        return ""
    more = ", ..." if rows[_SHOWN_ROWS:] else ""
    return f"; rows {', '.join(map(str, rows[:_SHOWN_ROWS]))}{more}"


def _steps(rehearsal: Rehearsal, look: Look) -> Iterator[str]:
    if rehearsal.one is None or not rehearsal.one.steps:
        return
    heads = ("", "loss", "gradient norm", "learning rate")
    yield _styled(f"{heads[0]:<14}{heads[1]:>12}{heads[2]:>16}{heads[3]:>16}", "2", look)
    others = {step.step: step for step in rehearsal.many[0].steps} if rehearsal.many else {}
    for step in rehearsal.one.steps:
        yield _line(f"step {step.step}  1", step)
        other = others.get(step.step)
        name = f"{'':<{len(f'step {step.step}')}}  {rehearsal.processes}"
        yield _line(name, other) if other else f"{name:<14}{'not reached':>12}"
        if other:
            apart_line = _apart(step, other) if rehearsal.compares(step.step) else "  not compared"
            yield _styled(apart_line, "2", look)
    yield ""


def _line(name: str, step: Step) -> str:
    numbers = (step.loss, step.grad_norm, step.learning_rate)
    loss, norm, rate = ("-" if n is None else f"{n:.6g}" for n in numbers)
    return f"{name:<14}{loss:>12}{norm:>16}{rate:>16}"


def _apart(one: Step, many: Step) -> str:
    loss = f"{apart(one.loss, many.loss):.1e}"
    known = one.grad_norm is not None and many.grad_norm is not None
    norm = f"{apart(one.grad_norm or 0.0, many.grad_norm or 0.0):.1e}" if known else "-"
    return f"{'  apart':<14}{loss:>12}{norm:>16}"


def _finding(finding: Finding, look: Look) -> Iterator[str]:
    where = f"{finding.key}: " if finding.key else ""
    code = _styled(finding.code, _COLORS[finding.severity], look)
    yield f"{code}  {safe(where + finding.message, newline=' ')}"
    if finding.fix:
        yield f"  {safe(finding.fix, newline=' ')}"


def _styled(text: str, sgr: str, look: Look) -> str:
    return f"\x1b[{sgr}m{text}\x1b[0m" if look.color else text
