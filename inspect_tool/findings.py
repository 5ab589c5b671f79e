"""A finding: one problem, with its evidence and the way out; shared by every kind of check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From the worst to the mildest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem found in a dataset, a prompt or a config.

    ``code`` is stable across releases (``L-``, ``D-``, ``P-`` as documented in docs/checks.md).
    ``rows`` are dataset row numbers in ascending order, possibly capped; ``count`` is exact.
    ``key`` is the YAML key to change, ``evidence`` a shown token or value (already safe to print).
    """

    code: str
    severity: Severity
    message: str
    count: int = 0
    rows: Sequence[int] = field(default=())
    key: str | None = None
    fix: str = ""
    evidence: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/check.json)."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "count": self.count,
            "rows": [int(row) for row in self.rows],
            "key": self.key,
            "fix": self.fix,
            "evidence": self.evidence,
        }
