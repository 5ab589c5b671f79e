"""The file that deepspeed: names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-DS-FILE",)


def look(case: Case) -> Iterator[Finding]:
    """It is there, and holds a JSON object."""
    found = case.deepspeed
    if found is None or found.content is not None:
        return
    yield Finding(
        code="P-DS-FILE",
        severity="error",
        message=f"the DeepSpeed config cannot be used: {found.problem}; axolotl ends with a "
        "JSONDecodeError that does not name it",
        key="deepspeed",
        fix="axolotl fetch deepspeed_configs, or --strategy zero2 writes one",
        evidence=safe(str(found.file), newline=" "),
    )
