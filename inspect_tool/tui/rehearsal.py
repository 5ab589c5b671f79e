"""A rehearsal as the Run screen shows it, from what its folder holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from inspect_tool.samples.facts import Fact
from inspect_tool.samples.glyphs import safe
from inspect_tool.scale.rehearsal.rehearse import RESULT
from inspect_tool.tui.describe import SEVERITY_MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from inspect_tool.samples.facts import Tone
    from inspect_tool.tui.why import Sections

SHOWN_ROWS: Final = 12
_NUMBERS: Final = {"loss": "loss", "grad_norm": "gradient norm", "learning_rate": "learning rate"}
"""Keys of a step's numbers, and how they are headed."""
_COLUMN: Final = 15


def read_result(folder: Path) -> Sections:
    """Return what a rehearsal has found, in sections; none before it is over."""
    try:
        said = json.loads((folder / RESULT).read_text("utf-8"))
        return _sections(said)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def going_on(processes: int, part: str) -> Sections:
    """Return what a rehearsal does while it lasts."""
    one, many = "on 1 process", f"on {processes} processes"
    facts = [
        Fact("first", f"{one}: {'goes on' if part == 'one' else 'done' if part else 'to come'}"),
        Fact("then", f"{many}: {'goes on' if part == 'many' else 'to come'}"),
        Fact("at the end", "rows, weights, loss and gradient norm of both are compared"),
    ]
    return [("The same small run twice", facts)]


def _sections(said: Mapping[str, Any]) -> Sections:
    mark = "✔" if said["agree"] else "✖"
    ranks = [Fact(f"rank {rank['rank']}", _rank(rank, said["rows_seen"])) for rank in said["ranks"]]
    told = ranks or [Fact("", "not one of its processes has trained")]
    sections: Sections = [(f"{mark} {_text(said['verdict'])}", told)]
    steps = list(_steps(said))
    if steps:
        sections.append(("Step by step", steps))
    sections += [_finding(finding) for finding in said["findings"]]
    changed = f"{len(said['changes'])} keys, to be tiny and alike; plan.json says why"
    return [*sections, ("Run", [Fact("changed", changed), Fact("folder", _text(said["run"]))])]


def _rank(rank: Mapping[str, Any], seen: Mapping[str, list[int]]) -> str:
    told = f"world {rank['world']}, {rank['distributed']}, {rank['backend'] or 'no backend'}"
    rows = seen.get(str(rank["rank"])) or []
    more = ", …" if rows[SHOWN_ROWS:] else ""
    read = f"; rows {', '.join(map(str, rows[:SHOWN_ROWS]))}{more}" if rows else ""
    return _text(f"{told}, {rank['device']}{read}")


def _steps(said: Mapping[str, Any]) -> Iterator[Fact]:
    if not said["steps"]:
        return
    yield Fact("processes", "".join(f"{name:>{_COLUMN}}" for name in _NUMBERS.values()))
    for step in said["steps"]:
        yield Fact(f"step {step['step']}:  1", _numbers(step["one"]))
        apart = "" if step.get("compared", True) else "  not compared"
        yield Fact(f"{said['processes']:>10}", _numbers(step["many"]) + apart)


def _numbers(step: Mapping[str, Any]) -> str:
    return "".join(
        f"{'-' if step[name] is None else f'{step[name]:.6g}':>{_COLUMN}}" for name in _NUMBERS
    )


def _finding(finding: Mapping[str, Any]) -> tuple[str, list[Fact]]:
    severity = finding["severity"]
    tone: Tone = "" if severity == "info" else "warning"
    facts = [Fact(_text(severity), _text(finding["message"]), tone)]
    for label, key in (("key", "key"), ("way out", "fix")):
        if finding.get(key):
            facts.append(Fact(label, _text(finding[key])))
    return f"{SEVERITY_MARKS[severity].text} {_text(finding['code'])}", facts


def _text(value: object) -> str:
    return safe(str(value), newline=" ")
