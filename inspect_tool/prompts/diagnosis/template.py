"""D-TEMPLATE: the text around the messages is another one than training's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.inference.conversation import ROLE_KEYS
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-TEMPLATE"
SHORTEST = 4
"""Characters of a text that can be looked for; shorter ones are found everywhere."""
SAME_FIX = (
    "serve with training's template: set chat_template: at the top of the YAML (not in the "
    "dataset's entry), so that axolotl saves it with the tokenizer"
)
AXOLOTL_FIX = (
    "axolotl inference does not apply this dataset's format: type the whole prompt as training has "
    "it, name a prompter (axolotl:AlpacaPrompter, --prompter), or train with type: chat_template"
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
            case.settle([index], _verdict(case, index, _fix(case), proven=False))


def _fix(case: Case) -> str:
    renders = case.of_axolotl or case.target.remote or hasattr(case.target, "template")
    if case.training.template and renders:
        return SAME_FIX
    return AXOLOTL_FIX if case.of_axolotl else TEXT_FIX


def _verdict(case: Case, index: int, fix: str, *, proven: bool) -> Verdict:
    train, inference = quoted(case.train_text(index)), quoted(case.inference_text(index))
    return Verdict(CODE, f"training renders {train} where inference has {inference}", fix, proven)


def of_data(case: Case, text: str) -> bool:
    """Whether a text is nothing but words of the row itself."""
    words = text.strip()
    return bool(words) and any(words in value for value in values_in(case.training.row))


def data_texts(case: Case) -> list[str]:
    """Return the texts of the row that are long enough to be looked for."""
    values = {value.strip() for value in values_in(case.training.row)}
    return [value for value in values if len(value) >= SHORTEST]


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
