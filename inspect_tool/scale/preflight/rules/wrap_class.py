"""The layers that FSDP wraps: each is gathered alone, the rest at once."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from inspect_tool.findings import Finding
from inspect_tool.scale.preflight.case import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspect_tool.scale.preflight.case import Case

CODES: Final = ("P-FSDP-WRAP",)

DEFAULT: Final = "TRANSFORMER_BASED_WRAP"
"""What transformers takes where nothing is written (training_args.py)."""


def look(case: Case) -> Iterator[Finding | Unknown]:
    """Hold the named classes against the model's own, built on the meta device."""
    if not case.fsdp:
        return
    if case.fsdp.get("auto_wrap_policy", DEFAULT) != DEFAULT:
        return
    named = case.fsdp.get("transformer_layer_cls_to_wrap")
    if not named:
        return
    model = case.answers.model if case.answers else None
    if model is None:
        why = case.answers.unasked.get("model") if case.answers else None
        yield Unknown("P-FSDP-WRAP", why or case.unanswered)
        return
    missing = [name for name in str(named).split(",") if name not in model.classes]
    if missing:
        right = ",".join(name for name in model.no_split if name in model.classes)
        close = difflib.get_close_matches(missing[0], model.classes, n=1)
        yield Finding(
            code="P-FSDP-WRAP",
            severity="error",
            message=f"the model has no class {', '.join(missing)}: the run ends when it is "
            "wrapped, after data and model are loaded",
            key="fsdp_config.transformer_layer_cls_to_wrap",
            fix=(right or "".join(close))
            + " (or leave the key out: the model names its own layers)",
        )
