"""D-SYSTEM: a system message is in one side's prompt only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-SYSTEM"
WITHOUT = "train without it: drop_system_message: true in the dataset's entry"
SEND_FIX = f"send the system message that training has, or {WITHOUT}"
AXOLOTL_FIX = (
    "axolotl inference has no place for a system message: ask a server, which has "
    f"(--against chat-template), or {WITHOUT}"
)
TRAIN_FIX = "train with it (drop_system_message: false), or leave it out of the request"
UNWRITTEN_FIX = (
    "write it into the first user message of the data, or train with a template that writes it in "
    "its place; or leave it out of the request"
)


def judge(case: Case) -> None:
    """Take the system message away from either side, and look what is left."""
    if _on_both_sides(case):
        return
    change = Change(ChangeKind.NO_SYSTEM)
    gone = case.trained_otherwise(change)
    if gone:
        message = "training has a system message, inference has none"
        fix = AXOLOTL_FIX if case.of_axolotl else SEND_FIX
        case.settle(gone, Verdict(CODE, message, fix, proven=True))
    gone = case.asked_otherwise(change)
    if gone:
        message = "inference has a system message, training has none"
        fix = TRAIN_FIX
        if case.side.again(case.training, change) == case.encoder.ids(case.training.text):
            message = f"{message}: the template leaves it out where an answer follows"
            fix = UNWRITTEN_FIX
        case.settle(gone, Verdict(CODE, message, fix, proven=True))


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
