"""D-BOS: one side begins with more BOS tokens than the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-BOS"


def judge(case: Case) -> None:
    """Name the region that holds nothing but BOS tokens at the very beginning."""
    bos = case.encoder.bos_id
    if bos is None or not case.open or case.open[0] != 0:
        return
    region = case.regions[0]
    train = case.training.ids[: region.train_stop]
    inference = case.prompt.ids[: region.inference_stop]
    if {*train, *inference} != {bos} or len(train) == len(inference):
        return
    token = case.encoder.token(bos)
    case.settle(
        [0],
        Verdict(
            CODE,
            _message(len(train), len(inference), token),
            _fix(len(train), len(inference), token),
            proven=True,
        ),
    )


def _message(train: int, inference: int, token: str) -> str:
    counts = {0: "no", 1: "one", 2: "two"}
    return (
        f"training begins with {counts.get(train, train)} {token}, "
        f"inference with {counts.get(inference, inference)}"
    )


def _fix(train: int, inference: int, token: str) -> str:
    if inference > train and inference > 1:
        return (
            f"the text already begins with {token}: tokenise it with add_special_tokens=False, "
            f"or take {token} out of the text"
        )
    if inference > train:
        return (
            f"tokenise the prompt with add_special_tokens=False, or train with {token}: write "
            "{{ bos_token }} at the start of the chat template"
        )
    if train > 1:
        return f"training has {token} twice: take it out of the template or of the data"
    return f"put {token} before the prompt, or tokenise it with add_special_tokens=True"
