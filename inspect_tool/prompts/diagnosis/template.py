"""D-TEMPLATE: the text around the messages is another one than training's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.inference.conversation import ROLE_KEYS
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-TEMPLATE"
SAME_FIX = (
    "serve with training's template: set chat_template: at the top of the YAML (not in the "
    "dataset's entry), so that axolotl saves it with the tokenizer"
)
TEXT_FIX = "write the prompt as training renders it: `inspect-tool show` prints it"


def judge(case: Case) -> None:
    """Ask with the training's template; of what is left, call template what is no text of the row.

    Whole messages that one side lacks were named before.
    """
    gone = case.asked_otherwise(Change(ChangeKind.TRAINING_TEMPLATE))
    for index in gone:
        case.settle([index], _verdict(case, index, SAME_FIX, proven=True))
    for index in case.open:
        sides = [text for text in (case.train_text(index), case.inference_text(index)) if text]
        if any(not of_data(case, text) for text in sides):
            fix = SAME_FIX if case.training.template else TEXT_FIX
            case.settle([index], _verdict(case, index, fix, proven=False))


def _verdict(case: Case, index: int, fix: str, *, proven: bool) -> Verdict:
    train, inference = quoted(case.train_text(index)), quoted(case.inference_text(index))
    return Verdict(CODE, f"training renders {train} where inference has {inference}", fix, proven)


def of_data(case: Case, text: str) -> bool:
    """Whether a text is nothing but words of the row itself."""
    words = text.strip()
    return bool(words) and any(words in value for value in values_in(case.training.row))


def values_in(value: object) -> list[str]:
    """Return every text of a row but the names of roles."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [
            text for key, item in value.items() if key not in ROLE_KEYS for text in values_in(item)
        ]
    if isinstance(value, list | tuple):
        return [text for item in value for text in values_in(item)]
    return []
