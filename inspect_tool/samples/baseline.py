"""Findings that are known and accepted: only what is new counts.

A finding is known again by its code and the content of its rows, not by row numbers: those change
whenever axolotl shuffles or a row is added.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.samples.checks.content import row_content
from inspect_tool.samples.checks.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks.report import Report
    from inspect_tool.samples.prepared import PreparedDataset

VERSION: Final = 1
_DIGEST_BYTES: Final = 12
_FIX: Final = "write it with `inspect-tool check PATH --baseline FILE --write-baseline`"


@dataclass(frozen=True, eq=False)
class Baseline:
    """How often each row content is accepted, by the code of the finding."""

    accepted: Mapping[str, Counter[str]]

    @classmethod
    def of(cls, report: Report, dataset: PreparedDataset) -> Baseline:
        """Accept every finding of a report."""
        accepted: dict[str, Counter[str]] = {}
        for finding in report.findings:
            known = accepted.setdefault(finding.code, Counter())
            known.update(_keys(finding, dataset))
        return cls(accepted)

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline file; raises InspectError if it is not there or is something else."""
        try:
            data = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise InspectError("no baseline there", place=path, fix=_FIX) from error
        except OSError as error:
            raise InspectError(error.strerror or str(error), place=path) from error
        except ValueError as error:
            raise InspectError(f"not a baseline ({error})", place=path, fix=_FIX) from error
        if not isinstance(data, dict) or data.get("version") != VERSION:
            raise InspectError(f"not a baseline of version {VERSION}", place=path, fix=_FIX)
        try:
            return cls({str(code): _counted(known) for code, known in data["findings"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InspectError(f"not a baseline ({error!r})", place=path, fix=_FIX) from error

    def write(self, path: Path) -> None:
        """Write the baseline; the same findings give the same bytes."""
        findings = {code: dict(sorted(known.items())) for code, known in self.accepted.items()}
        data = {"version": VERSION, "findings": dict(sorted(findings.items()))}
        try:
            path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise InspectError(
                f"the baseline cannot be written ({error.strerror})", place=path
            ) from error

    def apply(self, report: Report, dataset: PreparedDataset) -> Report:
        """Return the report without the rows that are accepted, and findings left without rows."""
        left = {code: Counter(known) for code, known in self.accepted.items()}
        new: list[Finding] = []
        accepted = 0
        for finding in report.findings:
            known = left.get(finding.code, Counter())
            kept = [_is_new(key, known) for key in _keys(finding, dataset)]
            accepted += kept.count(False)
            if all(kept):
                new.append(finding)
            elif any(kept):
                rows = Rows(np.fromiter(finding.rows, np.int64, len(finding.rows))[kept])
                new.append(replace(finding, rows=rows, count=len(rows)))
        return report.with_findings(new, accepted=accepted)


def _is_new(key: str, known: Counter[str]) -> bool:
    if known[key] <= 0:
        return True
    known[key] -= 1
    return False


def _keys(finding: Finding, dataset: PreparedDataset) -> Iterable[str]:
    """Name what a finding is about: its rows' content, or its message where it has no rows."""
    contents: Iterable[bytes] = (row_content(dataset, row) for row in finding.rows)
    if not len(finding.rows):
        contents = [finding.message.encode("utf-8", "surrogatepass")]
    return [blake2b(content, digest_size=_DIGEST_BYTES).hexdigest() for content in contents]


def _counted(known: Mapping[str, Any]) -> Counter[str]:
    return Counter({str(key): int(count) for key, count in known.items()})
