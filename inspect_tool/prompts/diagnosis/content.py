"""D-CONTENT: text of the data itself is on one side only: a message or a field is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.diagnosis.template import data_texts, of_data

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-CONTENT"
FIX = (
    "send the same messages and fields; for a file with {placeholders}, say with --fill where each "
    "value is"
)
AXOLOTL_FIX = (
    "axolotl inference sends user and assistant messages alone: ask a server, which takes all "
    "(--against chat-template)"
)


def judge(case: Case) -> None:
    """Look for texts of the row that a region has and the whole other prompt has not."""
    texts = data_texts(case)
    train, inference = "".join(case.train_texts), "".join(case.inference_texts)
    for index in case.open:
        ours, theirs = case.train_text(index), case.inference_text(index)
        missing = [v for v in texts if v in ours and v not in inference]
        added = [v for v in texts if v in theirs and v not in train]
        sides = [text for text in (ours, theirs) if text.strip()]
        only_data = bool(sides) and all(of_data(case, text) for text in sides)
        if missing or added or only_data:
            shown = f"training has {quoted(ours)}, inference {quoted(theirs)}"
            fix = AXOLOTL_FIX if case.of_axolotl else FIX
            case.settle([index], Verdict(CODE, f"the conversation differs: {shown}", fix))
