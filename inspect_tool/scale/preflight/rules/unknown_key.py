"""Keys that axolotl's schema does not have; pydantic drops them without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-UNKNOWN-KEY",)

SEED: Final = "axolotl has no seed of its own for data: seed decides the order too"


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Name each, and the key that was meant."""
    if case.answers is None:
        yield Unknown("P-UNKNOWN-KEY", case.unanswered)
        return
    foreign = [
        name for name in case.values.get("plugins") or () if not str(name).startswith("axolotl.")
    ]
    unless = f", unless {', '.join(map(str, foreign))} reads it" if foreign else ""
    for unknown in case.answers.unknown_keys:
        fix = f"did you mean {unknown.meant}?" if unknown.meant else "take it out"
        yield Finding(
            code="P-UNKNOWN-KEY",
            severity="warning",
            message=f"axolotl knows no key {unknown.key} and drops it silently{unless}",
            key=unknown.key,
            fix=SEED if unknown.key == "data_seed" else fix,
        )
