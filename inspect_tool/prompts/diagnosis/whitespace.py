"""D-WHITESPACE: the prompts differ in nothing but white space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-WHITESPACE"


def judge(case: Case) -> None:
    """Compare the texts of each region without their white space.

    Where another template accounts for more than white space, its white space is left to it.
    """
    spaces = [index for index in case.open if _only_space(case, index)]
    if not spaces:
        return
    of_template: list[int] = []
    if len(spaces) < len(case.open):
        of_template = case.asked_otherwise(Change(ChangeKind.TRAINING_TEMPLATE))
    if set(of_template) <= set(spaces):
        of_template = []
    for index in set(spaces) - set(of_template):
        train, inference = case.train_text(index), case.inference_text(index)
        message = (
            f"white space differs: training has {quoted(train)}, inference {quoted(inference)}"
        )
        case.settle([index], Verdict(CODE, message, FIX, proven=True, located=True))


FIX = (
    "make them the same: white space at the edges of the data's texts and of the template both "
    "count; take it out of one, or write it into the inference prompt"
)


def _only_space(case: Case, index: int) -> bool:
    train, inference = case.train_text(index), case.inference_text(index)
    return train != inference and "".join(train.split()) == "".join(inference.split())
