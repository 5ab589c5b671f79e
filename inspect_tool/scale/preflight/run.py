"""Every rule looked at, and what could not be decided listed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspect_tool.findings import SEVERITIES, Finding
from inspect_tool.scale.preflight.case import Unknown
from inspect_tool.scale.preflight.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.scale.preflight.case import Case


@dataclass(frozen=True)
class Preflight:
    """``findings`` worst first; ``run`` are the codes that were decided, ``unknown`` the others."""

    findings: tuple[Finding, ...]
    run: tuple[str, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Code of a rule, and why it could not be decided."""

    @property
    def failed(self) -> bool:
        """Whether there is a finding worse than a remark."""
        return any(finding.severity != "info" for finding in self.findings)


def preflight(case: Case) -> Preflight:
    """Look at ``case`` with every rule; pure."""
    findings: list[Finding] = []
    unknown: dict[str, str] = {}
    for rule in RULES:
        for said in rule.look(case):
            if isinstance(said, Unknown):
                unknown[said.code] = said.reason
            else:
                findings.append(said)
    return Preflight(
        findings=tuple(sorted(findings, key=lambda item: SEVERITIES.index(item.severity))),
        run=tuple(code for rule in RULES for code in rule.codes if code not in unknown),
        unknown=unknown,
    )
