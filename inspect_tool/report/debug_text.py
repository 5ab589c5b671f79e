"""A debug plan as text: what is changed and why, what stands in the way, what is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.report.marks import ascii_only
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from inspect_tool.findings import Finding, Severity
    from inspect_tool.report.look import Look
    from inspect_tool.runs.debug import DebugPlan
    from inspect_tool.runs.overrides.draft import Override

_COLORS: dict[Severity, str] = {"error": "1;31", "warning": "1;33", "info": "2"}
_LONGEST_VALUE = 60


def plan_text(plan: DebugPlan, look: Look) -> str:
    """Return the whole plan, its problems last."""
    lines = [
        *_facts(plan),
        *_changes("translated to what axolotl reads now", plan.translated, look),
        *_changes("changed for the debug run", plan.overrides, look),
        "",
        *(line for item in plan.problems for line in _problem(item, look)),
    ]
    text = "\n".join(lines).rstrip()
    return f"{text if look.unicode else ascii_only(text)}\n"


def _facts(plan: DebugPlan) -> Iterator[str]:
    yield _fact("config", plan.config)
    yield _fact("run folder", plan.folder)
    model = plan.model
    if model.tiny is None:
        yield _fact("model", f"{model.path}, as it is")
    else:
        size = f"{model.tiny.parameters / 1e6:.1f} million parameters"
        yield _fact("model", f"{model.architecture}, tiny and random, about {size}")
    yield _fact("device", plan.device.name)
    for part in plan.cuts:
        yield _fact("data", f"the first {part.rows} rows of {part.source}")
    for name in plan.options.stops.names:
        yield _fact("stops at", name)
    for line in plan.options.stops.breaks:
        yield _fact("stops at", line)
    yield _fact("command", plan.launch.command())


def _fact(name: str, value: object) -> str:
    return f"{name:<11} {safe(str(value), newline=' ')}"


def _changes(title: str, changes: Iterable[Override], look: Look) -> Iterator[str]:
    """Yield each change below its reason, those with one reason together."""
    groups: dict[str, list[Override]] = {}
    for change in changes:
        groups.setdefault(change.reason, []).append(change)
    if not groups:
        return
    yield f"\n{_styled(title, '1', look)}"
    for reason, items in groups.items():
        yield f"  {_styled(safe(reason, newline=' '), '2', look)}"
        yield from (f"    {_change(change)}" for change in items)


def _change(change: Override) -> str:
    key = safe(change.key, newline=" ")
    if change.new is None:
        return f"{key}: {_value(change.old)} → left out"
    before = "not set" if change.old is None else _value(change.old)
    return f"{key}: {before} → {_value(change.new)}"


def _value(value: Any) -> str:
    text = {True: "true", False: "false"}.get(value, str(value)) if _plain(value) else str(value)
    shown = safe(text, newline=" ")
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"


def _plain(value: Any) -> bool:
    return isinstance(value, bool)


def _problem(finding: Finding, look: Look) -> Iterator[str]:
    title = f"{finding.severity}: {safe(finding.message, newline=' ')} [{finding.code}]"
    yield _styled(title, _COLORS[finding.severity], look)
    if finding.fix:
        yield f"  {safe(finding.fix, newline=' ')}"


def _styled(text: str, sgr: str, look: Look) -> str:
    return f"\x1b[{sgr}m{text}\x1b[0m" if look.color else text
