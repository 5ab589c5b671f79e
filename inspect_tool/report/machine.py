"""What `doctor` found, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.report.marks import ascii_only
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding, Severity
    from inspect_tool.report.look import Look
    from inspect_tool.runs.doctor.machine import Machine

_COLORS: dict[Severity, str] = {"error": "1;31", "warning": "1;33", "info": "2"}


def machine_text(machine: Machine, findings: list[Finding], look: Look) -> str:
    """Return the facts, then what to mend with the command that mends it."""
    found = list(_facts(machine))
    width = max(len(name) for name, _ in found)
    facts = "\n".join(f"{name:<{width}} {value}" for name, value in found)
    blocks = [_finding(finding, look) for finding in findings]
    text = "\n\n".join([facts, *blocks])
    return f"{text if look.unicode else ascii_only(text)}\n"


def _facts(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "python", f"{machine.python} on {machine.system}"
    for package, version in machine.versions.items():
        yield package, version or "not installed"
    for gpu in machine.gpus:
        yield "GPU", safe(f"{gpu.name}, {gpu.memory / 1024:.0f} GiB, driver {gpu.driver}")
    if not machine.gpus:
        yield "GPU", "none"
    if machine.versions["torch"] is not None:
        yield "torch built for", f"CUDA {machine.torch_cuda}" if machine.torch_cuda else "the CPU"
    for cache in machine.caches:
        state = "" if cache.exists else ", not there yet"
        free = f"{cache.free / 1e9:.0f} GB free"
        yield f"{cache.name} cache", safe(f"{cache.path} ({free}{state})")
    for name, value in machine.settings.items():
        yield name, safe(value, newline=" ") or "(empty)"


def _finding(finding: Finding, look: Look) -> str:
    title = f"{finding.severity}: {safe(finding.message, newline=' ')} [{finding.code}]"
    if look.color:
        title = f"\x1b[{_COLORS[finding.severity]}m{title}\x1b[0m"
    return f"{title}\n  {safe(finding.fix, newline=' ')}"
