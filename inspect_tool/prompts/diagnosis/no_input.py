"""D-NOINPUT: rows with and without an input are rendered in two formats, and one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-NOINPUT"


def judge(case: Case) -> None:
    """Render the row in the other format, which must leave nothing."""
    if case.training.input_given is None:
        return
    change = Change(ChangeKind.OTHER_FORMAT)
    gone = case.trained_otherwise(change) or case.asked_otherwise(change)
    if gone != case.open:
        return
    if case.training.input_given:
        message = "the row has an input; inference uses the format for rows without one"
        fix = "put the input into the inference prompt"
    else:
        message = "the row has no input; training renders it by no_input_format"
        fix = (
            "set no_input_format: beside format: in the dataset's type:, to what inference sends, "
            "or send what training renders"
        )
    case.settle(gone, Verdict(CODE, message, fix, proven=True))
