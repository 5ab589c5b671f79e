"""D-GENPROMPT: what leads into the answer is on one side only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.diagnosis.template import data_texts
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-GENPROMPT"


def judge(case: Case) -> None:
    """Name a last region that is the generation prompt of one side and nothing of the other.

    Where the text differs in other places, too, it is one whole template against another.
    """
    if not case.open or not case.at_end(case.open[-1]):
        return
    last = case.open[-1]
    train, inference = case.train_text(last), case.inference_text(last)
    if any(value in train or value in inference for value in data_texts(case)):
        return
    if len(case.open) > 1 and not _is_generation_prompt(case, last):
        return
    if train and not inference:
        case.settle(
            [last],
            Verdict(
                CODE,
                f"training has {quoted(train)} before the answer, inference ends without it",
                f"end the prompt with {quoted(train)}: set add_generation_prompt=True, and take a "
                "template that heeds it",
                proven=True,
            ),
        )
    elif inference and not train:
        case.settle(
            [last],
            Verdict(
                CODE,
                f"inference has {quoted(inference)} before the answer, which training never saw",
                f"end the prompt before {quoted(inference)}, or train with a template that writes "
                "it before each answer",
                proven=True,
            ),
        )
    elif _is_generation_prompt(case, last):
        case.settle(
            [last],
            Verdict(
                CODE,
                f"training leads into the answer with {quoted(train)}, inference with "
                f"{quoted(inference)}",
                f"end the prompt with {quoted(train)}",
                proven=True,
            ),
        )


def _is_generation_prompt(case: Case, index: int) -> bool:
    """Whether a region is what add_generation_prompt adds, and the rest is training's template."""
    if case.asked_otherwise(Change(ChangeKind.TRAINING_TEMPLATE)):
        return False
    without = case.target.again(case.training, Change(ChangeKind.NO_GENERATION_PROMPT))
    return without is not None and len(without.ids) <= case.regions[index].inference_start
