"""bf16: auto on GPUs without bf16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-BF16",)


def look(case: Case) -> Iterator[Finding]:
    """It becomes fp16, which other GPUs of the same run may not, and needs loss scaling."""
    digits = case.capability.removeprefix("sm_")
    ampere = digits.isdigit() and int(digits) >= 80
    written = case.values.get("bf16")
    if ampere or not written or case.values.get("fp16"):
        return
    auto = written == "auto"
    yield Finding(
        code="P-BF16",
        severity="warning" if auto else "error",
        message=f"GPUs of {case.capability} have no bf16: "
        + ("bf16: auto becomes fp16 without a word" if auto else "training with bf16: true fails"),
        key="bf16",
        fix="bf16: false and fp16: true, or Ampere GPUs and later",
    )
