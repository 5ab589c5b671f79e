"""D-THINK: the marks of a reasoning part stand on one side only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspect_tool.prompts.diagnosis.case import Verdict, quoted
from inspect_tool.prompts.inference.target import Change, ChangeKind

if TYPE_CHECKING:
    from inspect_tool.prompts.diagnosis.case import Case

CODE = "D-THINK"
MARKS = re.compile(
    r"</?think(?:ing)?>|</?reasoning>|\[/?THINK\]|<\|(?:START|END)_THINKING\|>|/(?:no_)?think\b"
    r"|<\|channel>\s*(?:thought)?|<channel\|>|<\|(?:begin|end)_of_thought\|>|<\|think\|>"
)
LONGEST_MARK = 16
"""Tokens that a mark may be made of."""
KWARGS = (
    {"enable_thinking": False},
    {"enable_thinking": True},
    {"thinking": False},
    {"thinking": True},
)
"""The chat_template_kwargs by which templates are told to think or not."""


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
            case.settle([index], Verdict(CODE, message, _fix(train, inference), proven=True))


def _by_kwargs(case: Case) -> None:
    templates = f"{getattr(case.target, 'template', '')}{case.training.template or ''}"
    for kwargs in KWARGS:
        if not case.target.remote and not any(name in templates for name in kwargs):
            continue
        shown = ", ".join(f"{key}={str(value).lower()}" for key, value in kwargs.items())
        change = Change(ChangeKind.TEMPLATE_KWARGS, kwargs)
        for index in case.asked_otherwise(change):
            fix = f"send chat_template_kwargs: {{{shown.replace('=', ': ')}}} with each request"
            said = f"{_sides(case, index)}; with {shown} they agree"
            case.settle([index], Verdict(CODE, said, fix, proven=True))
        for index in case.trained_otherwise(change):
            fix = f"set chat_template_kwargs: {{{shown.replace('=', ': ')}}} in the YAML"
            said = f"{_sides(case, index)}; trained with {shown} they agree"
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


def _fix(train: str, inference: str) -> str:
    if not MARKS.search(train + inference):
        return (
            "the template writes a thought of the data and the beginning of one with other white "
            "space: make its generation prompt the beginning of what it renders"
        )
    if len(train) > len(inference):
        return (
            "ask without thinking (chat_template_kwargs: {enable_thinking: false}), or give the "
            "trained answers their reasoning, so that training has no empty reasoning part"
        )
    return (
        "give the trained answers a reasoning part (split_thinking: true, field_thinking), or ask "
        "by a template that begins none"
    )
