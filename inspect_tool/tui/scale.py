"""A scale plan as the Scale screen shows it: what was asked in a line, the rest in sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import SEVERITIES
from inspect_tool.samples.facts import Fact
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.table import BATCH_LINES, GIB, LOSS, size_text, sources, verdict
from inspect_tool.tui.describe import SEVERITY_MARKS, joined, plural
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from inspect_tool.findings import Finding
    from inspect_tool.samples.facts import Tone
    from inspect_tool.scale.memory.sized import Sized
    from inspect_tool.scale.plan import ScaleOptions, ScalePlan
    from inspect_tool.tui.why import Sections

BAR_CELLS: Final = 12
"""Width of a part's bar, the largest part's."""
_FIT_TONES: Final[dict[str, Tone]] = {"fits": "trained"}


def asked_line(options: ScaleOptions, plan: ScalePlan | None) -> Line:
    """Return the fleet that was asked for, each part of it to click on."""
    gpu = safe(options.gpu) if options.gpu else "of this machine"
    strategy = str(options.strategy) if options.strategy else "as the YAML asks"
    if plan is not None and options.strategy is None:
        strategy = f"{plan.fleet.strategy} (as the YAML asks)"
    processes = f"{options.processes:,} process{'' if options.processes == 1 else 'es'}"
    parts = [
        Part(processes, "strong", "screen.fleet"),
        Part(plural(options.nodes, "machine"), "", "screen.fleet"),
        Part(strategy, "", "screen.strategy"),
        Part(f"GPU {gpu}", "", "screen.gpu"),
    ]
    if options.reference > 1:
        parts.append(Part(f"tuned on {options.reference:,}", "", "screen.tuned_on"))
    if options.model:
        parts.append(Part(f"model {safe(options.model)}", "", "screen.model"))
    return joined(parts)


def counts(plan: ScalePlan) -> Line:
    """Return how many findings there are of each kind."""
    parts: list[Part] = []
    for severity in SEVERITIES:
        number = sum(finding.severity == severity for finding in plan.preflight.findings)
        if number:
            parts += [SEVERITY_MARKS[severity], Part(f" {number}  ")]
    return tuple(parts) or (Part("nothing found", "good"),)


def numbers(plan: ScalePlan) -> Sections:
    """Return batches, memory and what they are counted from."""
    data = [Fact(name, safe(told, newline=" ")) for name, told in sources(plan)]
    changes = f", and what {plan.fleet.strategy} changes in the copy that is launched"
    return [*_batches(plan), *_memory(plan), (f"Data{changes if plan.changes else ''}", data)]


def found(plan: ScalePlan) -> Sections:
    """Return the findings, what could not be decided, and the commands."""
    sections = [_finding(finding, plan) for finding in plan.preflight.findings]
    unknown = [Fact(code, safe(why, newline=" ")) for code, why in plan.preflight.unknown.items()]
    if unknown:
        sections.append(("Not decided", unknown))
    return [*sections, *_commands(plan)]


def _batches(plan: ScalePlan) -> Sections:
    heads = " ".join(f"{item.processes:>9,}" for item in plan.schedules)
    facts = [Fact("processes", heads)]
    for name, read in BATCH_LINES:
        values = [read(item) for item in plan.schedules]
        if any(value is not None for value in values):
            facts.append(Fact(name, " ".join(f"{_number(value):>9}" for value in values)))
    sections: Sections = [("Batch", facts)]
    view = plan.view
    if view.factor != 1:
        advice = [Fact("to keep it", safe(view.keeps, newline=" "))]
        if view.rate is not None:
            advice.append(Fact("or rate", f"{view.rate:.3g}, as advice: {safe(view.rule)}"))
        if plan.options.reference == 1:
            advice.append(Fact("or", "n, where the YAML is not meant for 1 process"))
        title = f"A step holds {view.factor:g} times the rows"
        sections.append((title, advice))
    return [*sections, ("Loss", [Fact("", LOSS)])]


def _memory(plan: ScalePlan) -> Sections:
    if plan.sized is None:
        return [("Memory", [Fact("unknown", safe(plan.unsized, newline=" "))])]
    sized = plan.sized
    facts = [Fact("a GPU", verdict(sized), _fit_tone(sized))]
    largest = max(sized.memory.per_gpu.values(), default=0) or 1
    for part, count in sized.memory.per_gpu.items():
        if count:
            bar = "█" * max(1, round(BAR_CELLS * count / largest))
            facts.append(Fact(part, f"{size_text(count):>10}  {bar}"))
    facts += [
        Fact("then", f"{change.what}: {change.total / GIB:.1f} GiB, {change.fit}")
        for change in sized.changes
    ]
    if sized.memory.host:
        facts.append(Fact("host", f"{sized.memory.host / GIB:.1f} GiB a machine"))
    notes = [*sized.memory.notes, *(f"unknown: {item}" for item in sized.memory.unknown)]
    return [("Memory", [*facts, *(Fact("note", safe(note, newline=" ")) for note in notes)])]


def _fit_tone(sized: Sized) -> Tone:
    return "" if sized.fit is None else _FIT_TONES.get(sized.fit, "warning")


def _finding(finding: Finding, plan: ScalePlan) -> tuple[str, list[Fact]]:
    tone: Tone = "" if finding.severity == "info" else "warning"
    facts = [Fact(finding.severity, safe(finding.message, newline=" "), tone)]
    if finding.evidence:
        facts.append(Fact("shown", safe(finding.evidence, newline=" ")))
    if finding.key:
        line = plan.config.line_of(finding.key)
        where = f"  {plan.config.path.name}:{line}" if line else ""
        facts.append(Fact("key", safe(f"{finding.key}{where}", newline=" ")))
    if finding.fix:
        facts.append(Fact("way out", safe(finding.fix, newline=" ")))
    return f"{SEVERITY_MARKS[finding.severity].text} {finding.code}", facts


def _commands(plan: ScalePlan) -> Sections:
    facts = []
    for command in plan.commands:
        machine = f" {command.node}" if plan.fleet.nodes > 1 else ""
        facts.append(Fact(f"{command.engine}{machine}", safe(command.launch.command())))
    return [("Commands: c copies one", facts)]


def _number(value: object) -> str:
    if value is None:
        return "?"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
