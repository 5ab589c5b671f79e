"""What checking a dataset gave: its census, its findings, and what could not be decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from inspect_tool.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_tool.findings import Finding
    from inspect_tool.samples.census import Census

MAX_ROWS = 1000
"""Rows that a finding lists in JSON, unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class LastToken:
    """How many rows' trained text ends with this token; ``piece`` is safe to print."""

    token_id: int
    piece: str
    count: int


@dataclass(frozen=True, eq=False)
class Report:
    """The result of ``check``; ``findings`` come worst first.

    ``not_run`` maps codes of rules that could not be decided to the reason. ``accepted`` counts
    rows of findings that a baseline knew.
    """

    census: Census
    findings: tuple[Finding, ...]
    run: tuple[str, ...] = ()
    not_run: dict[str, str] = field(default_factory=dict)
    last_tokens: tuple[LastToken, ...] = ()
    accepted: int = 0

    @property
    def failed(self) -> bool:
        """Whether there is a finding worse than a remark."""
        return any(finding.severity != "info" for finding in self.findings)

    def with_findings(self, findings: Iterable[Finding], *, accepted: int = 0) -> Report:
        """Return the same report with other findings, sorted."""
        return replace(self, findings=worst_first(findings), accepted=self.accepted + accepted)

    def to_json(self, *, max_rows: int = MAX_ROWS) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/check.json)."""
        findings = [
            replace(finding, rows=finding.rows[:max_rows]).to_json() for finding in self.findings
        ]
        return {
            "rows": self.census.rows,
            "tokens": self.census.tokens,
            "trained_tokens": self.census.trained_tokens,
            "findings": findings,
            "last_tokens": [
                {"id": last.token_id, "text": last.piece, "count": last.count}
                for last in self.last_tokens
            ],
            "checks_run": list(self.run),
            "checks_not_run": self.not_run,
            "accepted": self.accepted,
        }


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by severity; within one, they keep their order."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
