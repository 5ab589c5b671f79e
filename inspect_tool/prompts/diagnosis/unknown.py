"""D-UNKNOWN: no rule could tell; what is there is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-UNKNOWN"


def judge(case: Case) -> None:
    """Name whatever is left."""
    for index in case.open:
        train, inference = quoted(case.train_text(index)), quoted(case.inference_text(index))
        message = f"no rule knows this difference: training has {train}, inference {inference}"
        case.settle([index], Verdict(CODE, message, "compare both texts"))
