"""What reading the YAML found by itself: keys written twice, keys whose meaning is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.findings import Finding
    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-YAML-DUPLICATE", "P-OLD-KEY")


def look(case: Case) -> Iterator[Finding]:
    """Hand it on."""
    yield from case.doubts
