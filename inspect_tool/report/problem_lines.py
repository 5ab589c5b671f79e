"""Findings as lines that editors read: ``FILE:LINE: severity: message [CODE]``, a place each.

A line number is one of the file's own, found or not written: what has no known line gets none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.report.check_text import named_rows
from inspect_tool.report.summary import counted
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from inspect_tool.findings import Finding
    from inspect_tool.prompts.explained import RawPlace
    from inspect_tool.runs.config import Config


def problem_lines(
    finding: Finding, config: Config | None, dataset: Path, places: Mapping[int, RawPlace]
) -> Iterator[str]:
    """Yield a finding's line at the YAML key behind it, then one for each row that has a place.

    A key that is not written stands at ``datasets:``. ``places`` are those of rows, by number.
    """
    said = finding.message
    if finding.count:
        said = f"{counted(finding.count, 'row')} ({named_rows(finding.rows)}): {said}"
    if finding.fix:
        said = f"{said}; {finding.key}: {finding.fix}" if finding.key else f"{said}; {finding.fix}"
    yield _line(*_at(finding.key, config, dataset), finding, said)
    told: set[RawPlace] = set()
    for row in finding.rows:
        place = places.get(int(row))
        if place is not None and place.file and place.line and place not in told:
            told.add(place)
            shown = f"row {row}: {finding.message}"
            if finding.evidence and int(row) == int(finding.rows[0]):
                shown = f"{shown}; {finding.evidence}"
            yield _line(place.file, place.line, finding, shown)


def _at(key: str | None, config: Config | None, dataset: Path) -> tuple[str, int | None]:
    if config is None:
        return str(dataset), None
    found = (config.line_of(written) for written in _spellings(key, config))
    return str(config.path), next((line for line in found if line), None)


def _spellings(key: str | None, config: Config) -> Iterator[str]:
    """Yield where a key may be written; of several datasets checks do not say which one."""
    if key and len(config.datasets) == 1:
        yield key.replace("datasets.", "datasets.0.", 1)
    if key:
        yield key
    yield from ("datasets", "pretraining_dataset", "test_datasets")


def _line(file: str, line: int | None, finding: Finding, said: str) -> str:
    place = safe(file, newline=" ", tab=" ")
    number = f":{line}" if line else ""
    message = safe(said, newline=" ", tab=" ")
    return f"{place}{number}: {finding.severity}: {message} [{finding.code}]"
