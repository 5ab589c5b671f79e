"""Whether a process fits its GPU, by the estimate of ``scale.memory``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-MEMORY",)

GIB: Final = 1 << 30


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Hold the estimate against the card, and name the changes with which it fits."""
    if case.sized is None or case.sized.card is None:
        yield Unknown("P-MEMORY", case.unsized or "no GPU is here and --gpu names none")
        return
    sized, card = case.sized, case.sized.card
    if sized.fit == "fits":
        return
    changes = "; then ".join(f"{item.what} ({item.total / GIB:.1f} GiB)" for item in sized.changes)
    tight = sized.fit == "tight"
    yield Finding(
        code="P-MEMORY",
        severity="warning" if tight else "error",
        message=f"about {sized.memory.total / GIB:.1f} GiB a GPU, most of it in "
        f"{max(sized.memory.per_gpu, key=lambda part: sized.memory.per_gpu[part])}: "
        + ("tight" if tight else "too much")
        + f" for {card.text}",
        fix=changes or "a larger GPU, or more of them",
    )
