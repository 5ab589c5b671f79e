"""D-BOUNDARY: the same text, other tokens, because one side tokenised it in pieces.

SentencePiece puts a space before each piece; a BPE may merge the prompt's last characters with the
answer's first, or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-BOUNDARY"
WHOLE_FIX = (
    "send the prompt with the pieces tokenised as training did, or train on whole texts: "
    "type: chat_template with chat_template: jinja"
)
SEAM_FIX = (
    "let the answers in the data begin without white space, and leave it to the template, so that "
    "no token spans the end of the prompt"
)


def judge(case: Case) -> None:
    """Look for regions of equal text, for a seam, and tokenise the training text in one piece.

    What a chat template renders is tokenised in one piece as it is.
    """
    _seam(case)
    for index in case.open:
        train, inference = case.train_text(index), case.inference_text(index)
        if train and train == inference:
            message = f"the same text {quoted(train)} is other tokens on each side"
            case.settle([index], Verdict(CODE, message, WHOLE_FIX, proven=True))
    if not case.open or not case.training.exact or case.training.template is not None:
        return
    gone = case.gone_with_training(_whole(case))
    if gone:
        shown = _tokens(case, gone[0])
        message = f"training tokenised the text in pieces: {shown}; tokenised whole it is the same"
        case.settle(gone, Verdict(CODE, message, WHOLE_FIX, proven=True))


def _whole(case: Case) -> list[int]:
    """Tokenise the training text before the answer in one piece, with the BOS that it has."""
    bos, ids = case.encoder.bos_id, case.training.ids
    text = case.training.text.removeprefix(case.encoder.bos_token)
    whole = case.encoder.ids(text)
    return [bos, *whole] if bos is not None and ids[:1] == [bos] else whole


def _seam(case: Case) -> None:
    """Name a last region that comes of a token across the end of the prompt."""
    if not case.open or not case.training.exact:
        return
    last = len(case.regions) - 1
    region = case.regions[last]
    if last not in case.open or region.train_stop != len(case.training.ids):
        return
    sent = _plain(case, case.prompt.text)
    if _plain(case, case.training.text) != sent or not case.at_end(last):
        return
    message = (
        f"the prompt ends with {quoted(case.inference_text(last))}, which training's tokens join "
        "with the beginning of the answer"
    )
    if case.train_text(last):
        message = f"the prompt's last characters are other tokens: {_tokens(case, last)}"
    case.settle([last], Verdict(CODE, message, SEAM_FIX, proven=True))


def _plain(case: Case, text: str) -> str:
    return text.removeprefix(case.encoder.bos_token)


def _tokens(case: Case, index: int) -> str:
    region = case.regions[index]
    train = case.training.ids[region.train_start : region.train_stop]
    inference = case.prompt.ids[region.inference_start : region.inference_stop]
    named = case.encoder.tokens
    return f"{named(train) or 'nothing'} against {named(inference) or 'nothing'}"
