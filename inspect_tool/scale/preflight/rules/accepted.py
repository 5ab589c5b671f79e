"""Axolotl's own validation, with the fleet's size and GPUs: its words, none of its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-AXOLOTL", "P-AXOLOTL-HINT")


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Hand on what axolotl refuses and warns of."""
    if case.answers is None:
        yield from (Unknown(code, case.unanswered) for code in CODES)
        return
    old = ", ".join(case.translated)
    if case.answers.refused:
        yield Finding(
            code="P-AXOLOTL",
            severity="error",
            message=f"axolotl refuses it on {case.fleet.processes} processes: "
            f"{case.answers.refused}",
            key=case.translated[0] if case.translated else None,
            fix=f"bring these up to date (debug --dry-run says how): {old}"
            if old
            else "change what it names",
        )
    later = case.answers.refused_translated
    if later and later != case.answers.refused:
        yield Finding(
            code="P-AXOLOTL",
            severity="error",
            message=f"up to date, axolotl refuses it all the same: {later}",
            fix="change what it names",
        )
    for text in case.answers.warnings:
        yield Finding(code="P-AXOLOTL-HINT", severity="info", message=f"axolotl warns: {text}")
