"""The fix that a difference comes with is the one for its kind, and taking it leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.places import MISTRAL
from tests.prompts.diff.example import Example, chatml, llama3
from tests.prompts.diff.rows import (
    CHAT,
    CHAT_TYPE,
    CHATML_PLAIN,
    CHATML_TEXT,
    PLAIN,
    QUESTION_FILL,
    THINKING,
    TOOL_CHAT,
)

if TYPE_CHECKING:
    from inspect_tool.prompts.diff.results import DiffReport
    from tests.prompts.diff.bench import Bench

pytestmark = pytest.mark.slow

GEMMA = {"chat_template": "gemma4", "special_tokens": {"eos_token": "<turn|>"}}
THINK = {"enable_thinking": True}


def report_of(bench: Bench, example: Example) -> DiffReport:
    """Compare every row of an example."""
    bench.files(example.files)
    config = bench.config(
        example.model, example.rows, dataset=example.dataset, settings=example.settings
    )
    return bench.report(config, example.against, kwargs=example.kwargs, fills=example.fills)


def fixes_of(bench: Bench, example: Example) -> list[str]:
    """Return the fixes of the last answer that differs, the one for its stop last."""
    found = [item for item in report_of(bench, example).comparisons if not item.agrees]
    last = found[-1]
    return [item.fix for item in last.differences] + ([] if last.stop.ok else [last.stop.fix])


def on_mistral(name: str, template: str, against: str, **settings: object) -> Example:
    """A conversation in a template that was made for another tokenizer, or for this."""
    return Example(
        name,
        MISTRAL,
        CHAT[:1],
        CHAT_TYPE,
        against,
        settings={"chat_template": template, **settings},
    )


OFFERED = [
    (
        chatml("a thought on both sides", PLAIN, "chat-template", settings=GEMMA),
        "in the YAML, and send the same with each request",
    ),
    (
        chatml(
            "an answer that more turns follow",
            CHAT[1:],
            "chat-template",
            settings={"chat_template": "qwen3"},
            kwargs=("enable_thinking=false",),
        ),
        "one row for each answer",
    ),
    (
        chatml(
            "thoughts that are asked for without",
            THINKING,
            "chat-template",
            settings={"chat_template": "qwen3"},
            dataset={"split_thinking": True},
            kwargs=("enable_thinking=false",),
        ),
        "ask with thinking",
    ),
    (
        chatml("a server's own thought", PLAIN, "chat-template:qwen3"),
        "serve with training's template",
    ),
    (
        chatml(
            "an empty thought that a prompt file lacks",
            PLAIN,
            "text:p.txt",
            settings={"chat_template": "qwen3"},
            files={"p.txt": CHATML_TEXT},
            fills=QUESTION_FILL,
        ),
        "end the prompt with “<think>↵↵</think>↵↵”",
    ),
    (
        on_mistral("a system message that is not written", "mistral_v2v3", "chat-template"),
        "write it into the first user message",
    ),
    (
        chatml("no place for a system message", CHAT[:1], "axolotl"),
        "axolotl inference has no place for a system message",
    ),
    (
        chatml(
            "no place for tools",
            TOOL_CHAT,
            "axolotl",
            settings={"chat_template": "tokenizer_default"},
        ),
        "axolotl inference has no place for tools",
    ),
    (
        chatml(
            "a prompt file in another form",
            PLAIN,
            "text:p.txt",
            files={"p.txt": "Q: {q}\nA:"},
            fills=("q=messages.0.content",),
        ),
        "write the prompt as training renders it",
    ),
    (
        llama3(
            "an end token that is masked",
            PLAIN,
            "axolotl",
            settings={"eot_tokens": None},
        ),
        'eot_tokens: ["<|eot_id|>"]',
    ),
    (
        on_mistral("an end that is no token", "chatml", "chat-template"),
        'special_tokens: {eos_token: "<|im_end|>"}',
    ),
    (
        chatml("an EOS that is not trained", PLAIN, "axolotl", dataset={"train_on_eos": "none"}),
        "train_on_eos: turn",
    ),
]

TAKEN = [
    chatml(
        "a thought on both sides",
        PLAIN,
        "chat-template",
        settings={**GEMMA, "chat_template_kwargs": THINK},
        kwargs=("enable_thinking=true",),
    ),
    chatml(
        "each answer in a row of its own",
        [
            {"messages": CHAT[1]["messages"][:2]},
            {"messages": [*CHAT[1]["messages"][2:]]},
        ],
        "chat-template",
        settings={"chat_template": "qwen3"},
        kwargs=("enable_thinking=false",),
    ),
    on_mistral(
        "an end that is made a token",
        "chatml",
        "chat-template",
        special_tokens={"eos_token": "<|im_end|>"},
    ),
    chatml("the template that training has", PLAIN, "chat-template:chatml"),
]


@pytest.mark.parametrize(
    ("example", "words"), OFFERED, ids=[example.name for example, _ in OFFERED]
)
def test_the_fix_is_the_one_for_its_kind(bench: Bench, example: Example, words: str) -> None:
    """What is offered can be done with this target and this template."""
    assert any(words in fix for fix in fixes_of(bench, example))


@pytest.mark.parametrize("example", TAKEN, ids=[example.name for example in TAKEN])
def test_a_fix_that_is_taken_leaves_nothing(bench: Bench, example: Example) -> None:
    """The sides agree once the fix is in place."""
    report = report_of(bench, example)

    assert not report.failures
    assert not report.differs


@pytest.mark.parametrize(
    ("example", "notes"),
    [
        (
            chatml(
                "thoughts",
                THINKING,
                "chat-template",
                settings={"chat_template": "exaone4"},
                dataset={"split_thinking": True},
            ),
            ("the training template leaves out the reasoning of 1 rows",),
        ),
        (
            chatml("tools", TOOL_CHAT, "chat-template"),
            ("the training template leaves out the tool definitions of 1 rows",),
        ),
        (
            on_mistral("system", "mistral_v2v3", "chat-template"),
            ("the training template leaves out the system message of 1 rows",),
        ),
        (chatml("all is written", CHAT, "chat-template"), ()),
        (
            chatml(
                "thoughts that are written",
                THINKING,
                "chat-template",
                settings={"chat_template": "qwen3"},
                dataset={"split_thinking": True},
            ),
            (),
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Example) else None,
)
def test_what_the_template_leaves_out_is_noted(
    bench: Bench, example: Example, notes: tuple[str, ...]
) -> None:
    """Data that no prompt shows is no difference, but nobody trains on it either."""
    assert report_of(bench, example).notes == notes


def test_a_message_quotes_its_own_row(bench: Bench) -> None:
    """Rows that differ alike are told alike, but where is said of each."""
    asked = ("Count the red apples in it. ", "Name all the blue plums of it. ")
    rows = [
        {
            "messages": [
                {"role": "user", "content": text},
                {"role": "assistant", "content": "Two."},
            ]
        }
        for text in asked
    ]
    template = CHATML_PLAIN.replace("m['content']", "m['content']|trim")
    example = chatml("space", rows, "chat-template:t.jinja", files={"t.jinja": template})

    found = report_of(bench, example).comparisons

    told = [difference.message for item in found for difference in item.differences]
    assert len(told) == 2
    assert told[0] != told[1]
