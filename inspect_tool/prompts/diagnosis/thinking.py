"""D-THINK: the marks of a reasoning part stand on one side only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.diagnosis.template import SAME_FIX
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-THINK"
BEGINS = re.compile(
    r"<think(?:ing)?>|<reasoning>|\[THINK\]|<\|START_THINKING\|>|<\|channel>\s*(?:thought)?"
    r"|<\|begin_of_thought\|>"
)
ENDS = re.compile(
    r"</think(?:ing)?>|</reasoning>|\[/THINK\]|<\|END_THINKING\|>|<channel\|>"
    r"|<\|end_of_thought\|>"
)
MARKS = re.compile(rf"{BEGINS.pattern}|{ENDS.pattern}|/(?:no_)?think\b|<\|think\|>")
LONGEST_MARK = 16
"""Tokens that a mark may be made of."""
KWARGS = (
    {"enable_thinking": False},
    {"enable_thinking": True},
    {"thinking": False},
    {"thinking": True},
)
"""The chat_template_kwargs by which templates are told to think or not."""

Lead = Literal["begins", "ends", "none"]
"""What a prompt ends with: the beginning of a thought, the end of an empty one, or neither."""

SPACE_FIX = (
    "the template writes a thought of the data and the beginning of one with other white space: "
    "make its generation prompt the beginning of what it renders"
)
LAST_FIX = (
    "the template writes no reasoning part in an answer that more turns follow: end each row with "
    "the answer that it trains, one row for each answer"
)
NO_THOUGHTS_FIX = (
    "give the trained answers a reasoning part (split_thinking: true, field_thinking), or ask by a "
    "template that begins none"
)
EMPTY_FIX = (
    "ask without thinking (chat_template_kwargs: {enable_thinking: false}), or give the trained "
    "answers their reasoning, so that training has no empty reasoning part"
)
THOUGHTS_FIX = (
    "ask with thinking (chat_template_kwargs: {enable_thinking: true}), or train on the answers "
    "without their reasoning"
)


def judge(case: Case) -> None:
    """Ask with thinking on and off; then look for regions that hold nothing but marks."""
    _by_kwargs(case)
    for index in case.open:
        train, inference = case.train_text(index), case.inference_text(index)
        if not MARKS.search(_before(case, index) + train + inference):
            continue
        if MARKS.sub("", train).split() == MARKS.sub("", inference).split():
            message = (
                f"training has {quoted(train)} before the answer, inference {quoted(inference)}"
            )
            case.settle([index], Verdict(CODE, message, _fix(case, index), proven=True))


def _by_kwargs(case: Case) -> None:
    templates = f"{getattr(case.target, 'template', '')}{case.training.template or ''}"
    for kwargs in KWARGS:
        if not case.target.remote and not any(name in templates for name in kwargs):
            continue
        name, value = next(iter(kwargs.items()))
        shown = f"{name}={str(value).lower()}"
        paste = f"chat_template_kwargs: {{{name}: {str(value).lower()}}}"
        change = Change(ChangeKind.TEMPLATE_KWARGS, kwargs)
        for index in case.asked_otherwise(change, clean=True):
            said = f"{_sides(case, index)}; with {shown} they agree"
            fix = f"send {paste} with each request"
            case.settle([index], Verdict(CODE, said, fix, proven=True))
        for index in case.trained_otherwise(change, clean=True):
            said = f"{_sides(case, index)}; trained with {shown} they agree"
            fix = f"set {paste} in the YAML"
            case.settle([index], Verdict(CODE, said, fix, proven=True))
        for index in case.both_otherwise(change):
            said = f"{_sides(case, index)}; with {shown} on both sides they agree"
            fix = f"set {paste} in the YAML, and send the same with each request"
            case.settle([index], Verdict(CODE, said, fix, proven=True))


def _before(case: Case, index: int) -> str:
    """Return a mark that stands right before a region that ends both prompts."""
    if not case.at_end(index):
        return ""
    start = case.regions[index].train_start
    text = "".join(case.train_texts[max(start - LONGEST_MARK, 0) : start]).rstrip()
    marks = list(MARKS.finditer(text))
    return marks[-1][0] if marks and marks[-1].end() == len(text) else ""


def _sides(case: Case, index: int) -> str:
    train, inference = quoted(case.train_text(index)), quoted(case.inference_text(index))
    return f"training has {train}, inference {inference}"


def _lead(texts: Sequence[str]) -> Lead:
    text = "".join(texts[-LONGEST_MARK:]).rstrip()
    for marks, lead in ((BEGINS, "begins"), (ENDS, "ends")):
        if any(found.end() == len(text) for found in marks.finditer(text)):
            return lead  # type: ignore[return-value]
    return "none"


def _fix(case: Case, index: int) -> str:
    if not MARKS.search(case.train_text(index) + case.inference_text(index)):
        return SPACE_FIX
    train, inference = _lead(case.train_texts), _lead(case.inference_texts)
    if train == "none" and _as_last(case) != "none":
        return LAST_FIX
    if index in case.asked_otherwise(Change(ChangeKind.TRAINING_TEMPLATE)):
        return SAME_FIX
    if train == "none":
        return NO_THOUGHTS_FIX
    if inference == "none":
        return f"end the prompt with {quoted(case.train_text(index))}"
    return EMPTY_FIX if train == "ends" else THOUGHTS_FIX


def _as_last(case: Case) -> Lead:
    """Return what the answer's prompt would end with if no turns followed the answer."""
    ids = case.side.again(case.training, Change(ChangeKind.LAST_ANSWER))
    return "none" if ids is None else _lead(case.encoder.texts(ids[-LONGEST_MARK:]))
