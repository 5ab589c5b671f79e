"""D-SYSTEM: a system message is in one side's prompt only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-SYSTEM"


def judge(case: Case) -> None:
    """Take the system message away from either side, and look what is left."""
    if _on_both_sides(case):
        return
    change = Change(ChangeKind.NO_SYSTEM)
    gone = case.trained_otherwise(change)
    if gone:
        case.settle(
            gone,
            Verdict(
                CODE,
                "training has a system message, inference has none",
                "send the system message that training has, or train without it: "
                "drop_system_message: true in the dataset's entry",
                proven=True,
            ),
        )
    gone = case.asked_otherwise(change)
    if gone:
        case.settle(
            gone,
            Verdict(
                CODE,
                "inference has a system message, training has none",
                "train with it (drop_system_message: false), or leave it out of the request",
                proven=True,
            ),
        )


def _on_both_sides(case: Case) -> bool:
    """Whether every system message that a client would send stands in both prompts."""
    sent = case.training.conversation
    texts = [
        str(item["content"]).strip()
        for item in (sent.messages if sent else ())
        if item["role"] == "system"
    ]
    train, inference = "".join(case.train_texts), "".join(case.inference_texts)
    return bool(texts) and all(text in train and text in inference for text in texts)
