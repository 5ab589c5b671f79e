"""D-CONTENT: text of the data itself is on one side only: a message or a field is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.diagnosis.template import values_in

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-CONTENT"
UNKNOWN = "D-UNKNOWN"


def judge(case: Case) -> None:
    """Name what is left: text of the row, or nothing that a rule knows."""
    values = values_in(case.training.row)
    for index in case.open:
        train, inference = case.train_text(index).strip(), case.inference_text(index).strip()
        sides = [
            side
            for side, text in (("training", train), ("inference", inference))
            if text and any(text in value for value in values)
        ]
        shown = f"training has {quoted(train)}, inference {quoted(inference)}"
        if sides:
            case.settle(
                [index],
                Verdict(
                    CODE,
                    f"the conversation differs: {shown}",
                    "send the same messages and fields; for a file with {placeholders}, say with "
                    "--fill where each value is",
                ),
            )
        else:
            case.settle(
                [index],
                Verdict(UNKNOWN, f"no rule knows this difference: {shown}", "compare both texts"),
            )
