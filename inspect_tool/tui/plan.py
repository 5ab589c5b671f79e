"""A debug plan as the app shows it: lines of both sides, and what there is to say of each."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.errors import InspectError
from inspect_tool.runs.debug import PORT
from inspect_tool.runs.overrides.draft import SET_BY_YOU, Draft, Override
from inspect_tool.runs.plan_sides import SideLine, side_lines
from inspect_tool.runs.ports import HOST
from inspect_tool.samples.facts import Fact
from inspect_tool.samples.glyphs import safe
from inspect_tool.tui.describe import SEVERITY_MARKS, joined, plural
from inspect_tool.tui.widgets.parts import Line, Part

if TYPE_CHECKING:
    from inspect_tool.findings import Finding
    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.runs.debug_choice import Chosen


@dataclass(frozen=True, eq=False)
class Planned:
    """What follows from ``chosen``: a plan with its lines, or a problem."""

    chosen: Chosen
    plan: DebugPlan | None = None
    lines: tuple[SideLine, ...] = ()
    problem: InspectError | None = None
    notes: tuple[str, ...] = field(default=())
    """What is to be told once, such as that a port was taken."""


def make_planned(chosen: Chosen) -> Planned:
    """Derive the plan and both sides; takes a free port where the usual one is taken. Blocks."""
    notes: list[str] = []
    try:
        try:
            chosen = chosen.with_port()
        except InspectError as taken:
            chosen = with_options(chosen, port=0).with_port()
            notes.append(f"{taken.message}; {chosen.options.port} instead")
        plan = chosen.plan(notes.append)
        written = plan.config.read_text("utf-8-sig", errors="replace")
        lines = side_lines(
            written, plan.derived_yaml, overrides=plan.overrides, translated=plan.translated
        )
    except InspectError as problem:
        return Planned(chosen, problem=problem)
    except OSError as error:
        said = f"cannot be read ({error.strerror})"
        return Planned(chosen, problem=InspectError(said, place=chosen.config))
    return Planned(chosen, plan, lines, notes=tuple(notes))


def with_options(chosen: Chosen, **changes: Any) -> Chosen:
    """Return the same choice with other options."""
    return replace(chosen, options=replace(chosen.options, **changes))


def toggled(chosen: Chosen, line: SideLine) -> Chosen:
    """Return the choice that takes a line's changes back, or that no longer keeps its keys.

    Raises InspectError where there is nothing to take back.
    """
    keep, given = list(chosen.options.keep), dict(chosen.options.given)
    kept = [key for key in keep if key in line.keys]
    if kept:
        keep = [key for key in keep if key not in kept]
    elif line.translated:
        raise InspectError("axolotl reads this key no more; it cannot be kept")
    elif not line.changes:
        raise InspectError("the debug run does not change this line")
    for change in () if kept else line.changes:
        if given.pop(change.key, None) is None:
            keep.append(change.key)
    return with_options(chosen, keep=tuple(keep), given=given)


def setting(planned: Planned | None, line: SideLine | None) -> str:
    """Return what to begin with when a line's key is to be set by hand, as YAML takes it."""
    if planned is None or planned.plan is None or line is None or not line.keys:
        return ""
    change = line.changes[0] if line.changes else None
    key = change.key if change is not None else line.keys[-1]
    value = Draft(planned.plan.values, given={}).get(key)
    if value is None and change is not None:
        value = change.old
    return f"{key}={_typed(value)}"


def _typed(value: Any) -> str:
    """Return a value as a person may type it; text that YAML would read otherwise is quoted."""
    if isinstance(value, str) and value.isprintable() and safe(value) == value:
        with suppress(yaml.YAMLError):
            if yaml.safe_load(value) == value:
                return value
    return "" if value is None else json.dumps(value, default=str)


def as_ever(chosen: Chosen) -> Chosen:
    """Return what is worth choosing again; port and name were that one run's."""
    return replace(with_options(chosen, port=PORT), name=None)


def place_of(plan: DebugPlan) -> str:
    """Return the run's folder, as seen from where the config's paths start, safe to print."""
    folder, cwd = plan.folder, plan.launch.cwd
    return safe(str(folder.relative_to(cwd) if folder.is_relative_to(cwd) else folder))


def summary(planned: Planned) -> tuple[Line, Line]:
    """Return two lines: what is trained on what, and who may attach where."""
    plan = planned.plan
    if plan is None:
        return (), ()
    options, model = plan.options, plan.model
    if model.tiny is None:
        said = f"{model.path}, as it is"
    else:
        said = f"{model.architecture}, tiny and random ({model.tiny.parameters / 1e6:.1f}M)"
    first = [Part(safe(said, newline=" "), "strong"), Part(safe(plan.device.name))]
    first += _amounts(plan) if options.stage == "train" else [Part("preprocesses only", "accent")]
    second = [
        Part(f"waits for a debugger on {HOST}:{options.port}", "accent")
        if options.debugger
        else Part("no debugger")
    ]
    stops = [*options.stops.names, *(f"{b.file.name}:{b.line}" for b in options.stops.breaks)]
    if stops:
        told = f"stops at {', '.join(stops)}"
        unheard = Part(f"{told} only under a debugger (b)", "warn")
        second.append(Part(safe(told)) if options.debugger else unheard)
    elif options.debugger:
        second.append(Part("no named stop (s)", "dim"))
    return joined(first), joined(second)


def _amounts(plan: DebugPlan) -> list[Part]:
    options, steps = plan.options, plan.values.get("max_steps")
    told = plural(steps, "step") if isinstance(steps, int) else "steps as given"
    if options.memorize is not None:
        heart = f"learns {plural(options.memorize, 'row')} by heart"
        return [Part(heart, "accent"), Part(f"at most {told}")]
    evaluates = [Part("evaluates")] if options.evaluate else []
    return [Part(told), Part(f"first {plural(options.rows, 'row')}"), *evaluates]


def counts(planned: Planned) -> Line:
    """Return how many keys are changed, and what stands in the way."""
    plan = planned.plan
    if plan is None:
        return ()
    errors = len(plan.errors)
    parts = [Part(plural(len(plan.overrides), "change"))]
    if plan.translated:
        parts.append(Part(f"{len(plan.translated)} translated"))
    if errors:
        parts.append(Part(f"cannot start: {plural(errors, 'problem')}", "bad"))
    return joined(parts)


def facts_of(planned: Planned, line: SideLine | Finding | None) -> list[tuple[str, list[Fact]]]:
    """Return what there is to say of a line or a problem; all of it safe."""
    if line is None:
        return []
    if not isinstance(line, SideLine):
        return [(SEVERITY_MARKS[line.severity].text + f" {line.code}", _problem_facts(line))]
    found = [(safe(change.key), _change_facts(change, line)) for change in line.changes]
    kept = [key for key in planned.chosen.options.keep if key in line.keys]
    found += [(safe(key), [Fact("kept", "as you wrote it; space lets it change")]) for key in kept]
    if not found:
        key = safe(line.keys[-1]) if line.keys else "Nothing changes here"
        found = [(key, [Fact("", "as you wrote it")] if line.keys else [])]
    return found


def _change_facts(change: Override, line: SideLine) -> list[Fact]:
    facts = [
        Fact("yours", _value(change.old) if change.old is not None else "not set"),
        Fact("debug run", _value(change.new) if change.new is not None else "left out"),
        Fact("because", safe(change.reason, newline=" "), "special"),
    ]
    if change.reason == SET_BY_YOU:
        facts.append(Fact("space", "takes your value back"))
    elif not line.translated:
        facts.append(Fact("space", "keeps yours"))
    return facts


def _problem_facts(finding: Finding) -> list[Fact]:
    facts = [Fact("problem", safe(finding.message, newline=" "), "warning")]
    facts += [Fact("key", safe(finding.key))] if finding.key else []
    facts += [Fact("way out", safe(finding.fix, newline=" "))] if finding.fix else []
    return facts


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return safe(text, newline=" ")
