"""A scale plan as text: the fleet, batches, memory, what was found, and the commands to run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from inspect_tool.findings import SEVERITIES
from inspect_tool.report.lines import printed
from inspect_tool.report.marks import ascii_only
from inspect_tool.report.summary import counted
from inspect_tool.report.wrap import Segment, wrapped
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.table import BATCH_LINES, GIB, LOSS, size_text, sources, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inspect_tool.findings import Finding, Severity
    from inspect_tool.report.look import Look
    from inspect_tool.runs.config import Config
    from inspect_tool.scale.commands import Command
    from inspect_tool.scale.plan import ScalePlan
    from inspect_tool.scale.preflight.run import Preflight

UNKNOWN: Final = "?"

_BOLD, _DIM = "1", "2"
_COLORS: Final[dict[Severity, str]] = {"error": "1;31", "warning": "1;33", "info": "1;36"}
_NOUNS: Final[dict[Severity, str]] = {"error": "error", "warning": "warning", "info": "remark"}
_LABEL, _INDENT, _COLUMN = 20, 8, 14


def scale_text(plan: ScalePlan, look: Look) -> str:
    """Return the whole plan as lines of text, the last one ended; all of it is safe."""
    segments = [*_fleet(plan, look), *_batch(plan, look), *_memory(plan, look)]
    segments += _findings(plan.preflight, plan.config, look)
    commands = printed(_commands(plan, look), replace(look, width=None))  # to be copied
    text = printed(segments, look) + commands
    return text if look.unicode else ascii_only(text)


def _fleet(plan: ScalePlan, look: Look) -> Iterator[Segment]:
    fleet = plan.fleet
    machines = f" on {counted(fleet.nodes, 'machine')}" if fleet.nodes > 1 else ""
    asked = "--strategy" if plan.options.strategy else "as the YAML asks"
    yield from _fact("config", str(plan.config.path), look)
    yield from _fact(
        "fleet", f"{_processes(fleet.processes)}{machines}, {fleet.strategy} ({asked})", look
    )
    for name, told in sources(plan):
        yield from _fact(name, told, look)
    yield Segment("\n")


def _batch(plan: ScalePlan, look: Look) -> Iterator[Segment]:
    heads = [_processes(item.processes) for item in plan.schedules]
    line = "".join(head.rjust(_COLUMN) for head in heads)
    yield Segment("batch".ljust(_LABEL), _style(_BOLD, look))
    yield Segment(f"{line}\n", _style(_DIM, look))
    for name, read in BATCH_LINES:
        shown = [read(item) for item in plan.schedules]
        if any(value is not None for value in shown):
            yield Segment(f"  {name}".ljust(_LABEL), _style(_DIM, look))
            yield Segment("".join(_number(value).rjust(_COLUMN) for value in shown) + "\n")
    yield from _view(plan, look)
    yield from _paragraph(LOSS, look)
    yield Segment("\n")


def _view(plan: ScalePlan, look: Look) -> Iterator[Segment]:
    view = plan.view
    if view.factor == 1:
        return
    same = f", and what the optimizer sees on {_processes(view.reference)}: steps, warmup, rate"
    yield from _part("same", view.keeps + (same if view.accumulation else ""), look)
    if view.rate is not None:
        yield from _part(
            "else",
            f"learning_rate: {view.rate:.3g} for {view.factor:g} times the rows; advice, "
            f"{view.rule}",
            look,
        )


def _memory(plan: ScalePlan, look: Look) -> Iterator[Segment]:
    if plan.sized is None:
        yield from _fact("memory", f"unknown: {plan.unsized}", look)
        yield Segment("\n")
        return
    sized = plan.sized
    yield from _fact("memory", verdict(sized), look)
    for part, count in sized.memory.per_gpu.items():
        if count:
            yield Segment(f"  {part}".ljust(_LABEL), _style(_DIM, look))
            yield Segment(size_text(count).rjust(_COLUMN) + "\n")
    for change in sized.changes:
        yield from _part("then", f"{change.what}: {change.total / GIB:.1f} GiB, {change.fit}", look)
    if sized.memory.host:
        yield from _fact("  host", f"{sized.memory.host / GIB:.1f} GiB a machine", look)
    for note in (*sized.memory.notes, *(f"unknown: {item}" for item in sized.memory.unknown)):
        yield from _part("note", note, look)
    yield Segment("\n")


def _findings(preflight: Preflight, config: Config, look: Look) -> Iterator[Segment]:
    for finding in preflight.findings:
        yield from _finding(finding, config, look)
    counts = {
        severity: sum(finding.severity == severity for finding in preflight.findings)
        for severity in SEVERITIES
    }
    found = [counted(count, _NOUNS[severity]) for severity, count in counts.items() if count]
    yield Segment(", ".join(found) or "nothing found", _style(_BOLD, look))
    yield Segment(f"; {counted(len(preflight.run), 'rule')} decided\n")
    reasons: dict[str, list[str]] = {}
    for code, reason in preflight.unknown.items():
        reasons.setdefault(reason, []).append(code)
    for reason, codes in reasons.items():
        yield Segment(
            f"unknown: {', '.join(codes)} ({safe(reason, newline=' ')})\n", _style(_DIM, look)
        )
    yield Segment("\n")


def _finding(finding: Finding, config: Config, look: Look) -> Iterator[Segment]:
    yield Segment(finding.severity.ljust(8), _style(_COLORS[finding.severity], look))
    yield Segment(f" {finding.code}\n", _style(_BOLD, look))
    yield from _part("", finding.message, look)
    if finding.evidence:
        yield from _part("shown", finding.evidence, look)
    if finding.fix or finding.key:
        line = config.line_of(finding.key) if finding.key else None
        where = f" ({config.path.name}:{line})" if line else ""
        key = f"{finding.key}{where}: " if finding.key else ""
        yield from _part("fix", f"{key}{finding.fix.removeprefix(f'{finding.key}: ')}", look)
    yield Segment("\n")


def _commands(plan: ScalePlan, look: Look) -> Iterator[Segment]:
    yield Segment("commands\n", _style(_BOLD, look))
    written = sorted({str(path) for command in plan.commands for path in command.files})
    for path in written:
        yield from _part("wrote", path, look)
    engine = ""
    for command in plan.commands:
        if command.engine != engine:
            engine = command.engine
            yield Segment(f"  {engine}", _style(_BOLD, look))
            yield Segment(f"  {safe(command.note, newline=' ')}\n", _style(_DIM, look))
        yield from _command(command, plan.fleet.nodes)


def _command(command: Command, nodes: int) -> Iterator[Segment]:
    """Yield one command on one line: it is to be copied."""
    if nodes > 1 and command.engine in ("accelerate", "torchrun", "axolotl"):
        yield Segment(f"    # machine {command.node}\n")
    yield Segment(f"    {safe(command.launch.command(), newline=' ')}\n")


def _fact(name: str, text: str, look: Look) -> Iterator[Segment]:
    yield Segment(name.ljust(_LABEL), _style(_BOLD, look))
    folded: Iterable[list[Segment]] = [[Segment(safe(text, newline=" "))]]
    if look.width is not None:
        folded = wrapped(next(iter(folded)), max(look.width - _LABEL, 20))
    margin = ""
    for line in folded:
        yield Segment(margin)
        yield from line
        yield Segment("\n")
        margin = " " * _LABEL


def _part(name: str, text: str, look: Look) -> Iterator[Segment]:
    """Yield a named part, folded so that it stays under its own beginning."""
    folded: Iterable[list[Segment]] = [[Segment(safe(text, newline=" "))]]
    if look.width is not None:
        folded = wrapped(next(iter(folded)), max(look.width - _INDENT, 20))
    for line in folded:
        yield Segment(f"  {name}".ljust(_INDENT), _style(_DIM, look))
        yield from line
        yield Segment("\n")
        name = ""


def _paragraph(text: str, look: Look) -> Iterator[Segment]:
    folded: Iterable[list[Segment]] = [[Segment(text)]]
    if look.width is not None:
        folded = wrapped([Segment(text)], max(look.width - 2, 20))
    for line in folded:
        yield Segment("  ")
        for segment in line:
            yield Segment(segment.text, _style(_DIM, look))
        yield Segment("\n")


def _processes(count: int) -> str:
    return f"{count:,} process{'' if count == 1 else 'es'}"


def _number(value: Any) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _style(sgr: str, look: Look) -> str:
    return sgr if look.color else ""
