"""Pairs of training and inference that agree, and must be left alone."""

from __future__ import annotations

from tests.prompts.diff.example import alpaca, chatml
from tests.prompts.diff.rows import (
    ALPACA,
    ALPACA_INPUT,
    ALPACA_INPUT_TEXT,
    ALPACA_TEXT,
    CHAT,
    CHATML_TEXT,
    FROM_VALUE,
    PLAIN,
    QUESTION_FILL,
    SHAREGPT,
    TOOL_CHAT,
    USER_DEFINED,
)

AGREEING = [
    chatml("ChatML, several turns", CHAT, "chat-template"),
    chatml("the named template", CHAT, "chat-template:chatml"),
    chatml("axolotl inference with the config's template", PLAIN, "axolotl"),
    chatml(
        "a prompt file in ChatML",
        PLAIN,
        "text:p.txt",
        files={"p.txt": CHATML_TEXT},
        fills=QUESTION_FILL,
    ),
    chatml(
        "messages as a client builds them",
        PLAIN,
        "messages:m.json",
        files={"m.json": '[{"role": "user", "content": "{q}"}]'},
        fills=("q=messages.0.content",),
    ),
    chatml(
        "Qwen3 asked without thinking",
        PLAIN,
        "chat-template",
        settings={"chat_template": "qwen3"},
        kwargs=("enable_thinking=false",),
    ),
    chatml(
        "tools on both sides",
        TOOL_CHAT,
        "chat-template",
        settings={"chat_template": "tokenizer_default"},
    ),
    chatml("names mapped from ShareGPT's", SHAREGPT, "chat-template", dataset=FROM_VALUE),
    alpaca("Alpaca's own text", ALPACA, "text:p.txt", files={"p.txt": ALPACA_TEXT}),
    alpaca(
        "Alpaca's text with an input",
        ALPACA_INPUT,
        "text:p.txt",
        files={"p.txt": ALPACA_INPUT_TEXT},
    ),
    alpaca("axolotl inference with Alpaca's prompter", ALPACA, "axolotl:AlpacaPrompter"),
    alpaca(
        "a user-defined format",
        ALPACA,
        "text:p.txt",
        dataset={"type": USER_DEFINED},
        files={"p.txt": "[INST] {instruction} [/INST]"},
    ),
    alpaca(
        "a function that makes the prompt",
        ALPACA,
        "python:client:prompt",
        files={"client.py": f"def prompt(row):\n    return {ALPACA_TEXT!r}.format(**row)\n"},
    ),
]
