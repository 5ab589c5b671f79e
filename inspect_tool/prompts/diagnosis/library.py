"""D-LIBVERSION: the same text becomes other ids, by another tokenizer or another version of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-LIBVERSION"


def judge(case: Case) -> None:
    """Encode the text of inference with the training's tokenizer, and look what is left."""
    foreign = case.target.encoder is not case.encoder
    if not foreign and not case.target.remote:
        return
    text = case.prompt.text
    if case.target.remote:
        text = text.removeprefix(case.encoder.bos_token)
        again = case.encoder.ids(text)
        bos = case.encoder.bos_id
        if bos is not None and case.prompt.ids[:1] == [bos]:
            again = [bos, *again]
    else:
        again = case.encoder.ids(text)
    gone = case.gone_with_inference(again)
    if not gone:
        return
    shown = quoted(case.inference_text(gone[0]))
    whose = "the server's" if case.target.remote else "the saved"
    case.settle(
        gone,
        Verdict(
            CODE,
            f"{whose} tokenizer gives other ids for the same text: {shown}",
            "serve with the tokenizer files and the transformers version that training used",
            proven=True,
        ),
    )
