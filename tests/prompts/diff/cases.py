"""Known mismatches of training and inference, each with the cause that explains it.

Built from what went wrong in real runs: every case is a small config with real axolotl behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fixtures.places import CHATML, LLAMA3, MISTRAL

CHAT = [
    {
        "messages": [
            {"role": "system", "content": "Answer shortly."},
            {"role": "user", "content": "What is the capital of France?"},
            {"role": "assistant", "content": "Paris."},
        ]
    },
    {
        "messages": [
            {"role": "user", "content": "Name three colours of the rainbow."},
            {"role": "assistant", "content": "Red, green and violet."},
            {"role": "user", "content": "And one that is not in it?"},
            {"role": "assistant", "content": "Brown."},
        ]
    },
]
PLAIN: list[dict[str, Any]] = [
    {
        "messages": [
            {"role": "user", "content": "How many legs has a spider?"},
            {"role": "assistant", "content": "Eight legs."},
        ]
    }
]
ALPACA = [
    {"instruction": "Name a prime number.", "input": "", "output": "Seven."},
    {"instruction": "What is an owl?", "input": "", "output": "A bird of the night."},
]
ALPACA_INPUT = [{"instruction": "Translate to German.", "input": "good night", "output": "Nacht"}]
SEGMENTS = [
    {
        "segments": [
            {"label": False, "text": "<s>Question: who wrote it?"},
            {"label": False, "text": "great minds wonder\n"},
            {"label": True, "text": "Nobody knows.</s>"},
        ]
    }
]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
TOOL_CHAT: list[dict[str, Any]] = [
    {
        "messages": [
            {"role": "user", "content": "Weather in Oslo?"},
            {"role": "assistant", "content": "Let me ask."},
        ],
        "tools": [TOOL],
    }
]
THINKING = [
    {
        "messages": [
            {"role": "user", "content": "Is 7 prime?"},
            {"role": "assistant", "content": "<think>\nOnly 1 and 7 divide it.\n</think>\n\nYes."},
        ]
    }
]
HONEYCOMB = [
    {
        "conversations": [
            {"from": "system", "value": "You write queries."},
            {"from": "human", "value": f'\n\nNLQ: "{question}"\n\nColumns: {columns}'},
            {"from": "gpt", "value": '\n{"calculations": ["COUNT"]}'},
        ]
    }
    for question, columns in (("count errors", ["error", "name"]), ("by host", ["http.host"]))
]

SHAREGPT = [
    {
        "conversations": [
            {"from": "human", "value": "How deep is the lake?"},
            {"from": "gpt", "value": "Forty metres."},
        ]
    }
]

CHAT_TYPE = {"type": "chat_template"}
FROM_VALUE = {
    "field_messages": "conversations",
    "message_property_mappings": {"role": "from", "content": "value"},
}
CHATML_NO_GENERATION = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
)
CHATML_PLAIN = (
    CHATML_NO_GENERATION + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BRACKETS = (
    "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
LLAMA3_UNTRIMMED = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
ALPACA_TEXT = (
    "Below is an instruction that describes a task. Write a response that appropriately "
    "completes the request.\n\n### Instruction:\n{instruction}\n\n### Response:\n"
)
ALPACA_INPUT_TEXT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request.\n\n### Instruction:\n"
    "{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)
HONEYCOMB_TEXT = (
    'You write queries.\n\n### Instruction:\n\nNLQ: "{nlq}"\n\nColumns: {cols}\n\n### Response:\n'
)
CHATML_TEXT = "<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
QUESTION_FILL = ("question=messages.0.content",)
EOT = {"eot_tokens": ["<|eot_id|>"]}
USER_DEFINED = {
    "format": "[INST] {instruction}\n{input} [/INST]",
    "no_input_format": "[INST] {instruction} [/INST]",
}


@dataclass(frozen=True)
class Example:
    """A config, what it is compared with, and the causes that must be named: all, and no other."""

    name: str
    model: Any
    rows: list[dict[str, Any]]
    dataset: dict[str, Any]
    against: str
    causes: frozenset[str] = frozenset()
    settings: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    kwargs: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()


def _chatml(
    name: str, rows: list[dict[str, Any]], against: str, *causes: str, **more: Any
) -> Example:
    settings = {"chat_template": "chatml", **more.pop("settings", {})}
    dataset = {**CHAT_TYPE, **more.pop("dataset", {})}
    return Example(name, CHATML, rows, dataset, against, frozenset(causes), settings, **more)


def _alpaca(
    name: str, rows: list[dict[str, Any]], against: str, *causes: str, **more: Any
) -> Example:
    dataset = more.pop("dataset", {"type": "alpaca"})
    return Example(name, MISTRAL, rows, dataset, against, frozenset(causes), **more)


def _llama3(
    name: str, rows: list[dict[str, Any]], against: str, *causes: str, **more: Any
) -> Example:
    settings = {"chat_template": "llama3", **EOT, **more.pop("settings", {})}
    return Example(name, LLAMA3, rows, CHAT_TYPE, against, frozenset(causes), settings, **more)


def _segments(name: str, model: Any, *texts: str) -> Example:
    segments = [{"label": False, "text": text} for text in texts]
    segments.append({"label": True, "text": "Nobody knows."})
    return Example(
        name,
        model,
        [{"segments": segments}],
        {"type": "input_output"},
        "text:p.txt",
        frozenset({"D-BOUNDARY", "D-STOPSET"}),
        files={"p.txt": "".join(texts).removeprefix("<s>")},
    )


MISMATCHES = [
    # BOS
    _alpaca(
        "the text has <s> and the tokenizer adds one",
        ALPACA,
        "text:p.txt",
        "D-BOS",
        files={"p.txt": f"<s>{ALPACA_TEXT}"},
    ),
    _llama3(
        "the server's template writes no BOS",
        CHAT,
        "chat-template:t.jinja",
        "D-BOS",
        "D-STOPSET",
        files={"t.jinja": LLAMA3_UNTRIMMED.replace("{{ bos_token }}", "")},
    ),
    _llama3(
        "the template writes BOS twice",
        CHAT,
        "chat-template:t.jinja",
        "D-BOS",
        "D-STOPSET",
        files={"t.jinja": "{{ bos_token }}" + LLAMA3_UNTRIMMED},
    ),
    # Template
    _alpaca(
        "alpaca has a preamble, alpaca.jinja has none", ALPACA, "chat-template:alpaca", "D-TEMPLATE"
    ),
    _alpaca("axolotl inference sends the raw instruction", ALPACA, "axolotl", "D-TEMPLATE"),
    _alpaca(
        "axolotl inference sends a user-defined format raw",
        ALPACA,
        "axolotl",
        "D-TEMPLATE",
        dataset={"type": USER_DEFINED},
    ),
    _chatml(
        "the dataset's template wins for training, the config's is saved",
        PLAIN,
        "chat-template",
        "D-TEMPLATE",
        "D-STOPSET",
        dataset={
            "chat_template": "jinja",
            "chat_template_jinja": BRACKETS,
        },
    ),
    Example(
        "another template altogether, newlines included",
        MISTRAL,
        HONEYCOMB,
        {**CHAT_TYPE, **FROM_VALUE, "chat_template": "alpaca"},
        "chat-template:chatml",
        frozenset({"D-BOS", "D-TEMPLATE"}),
    ),
    _chatml(
        "a prompt in Vicuna's form",
        PLAIN,
        "text:p.txt",
        "D-TEMPLATE",
        files={"p.txt": "USER: {question} ASSISTANT:"},
        fills=QUESTION_FILL,
    ),
    _chatml(
        "the server's template adds a default system message",
        PLAIN,
        "chat-template:t.jinja",
        "D-TEMPLATE",
        files={
            "t.jinja": "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n" + CHATML_PLAIN
        },
    ),
    # Boundary
    _segments(
        "SentencePiece puts a space before each piece",
        MISTRAL,
        "<s>Question:\n",
        "great minds\n",
        "### Answer:\n",
    ),
    _segments("a BPE merges newlines across pieces", CHATML, "Question: who?\n", "\nAnswer:"),
    _chatml(
        "the answer's first newline joins the header's last",
        [
            {
                "messages": [
                    {"role": "user", "content": "Go on."},
                    {"role": "assistant", "content": "\nHere it is."},
                ]
            }
        ],
        "chat-template",
        "D-BOUNDARY",
    ),
    # Generation prompt
    _chatml(
        "the template knows no add_generation_prompt",
        CHAT,
        "chat-template:t.jinja",
        "D-GENPROMPT",
        files={"t.jinja": CHATML_NO_GENERATION},
    ),
    _alpaca(
        "the text ends before ### Response:",
        ALPACA,
        "text:p.txt",
        "D-GENPROMPT",
        files={"p.txt": ALPACA_TEXT.removesuffix("\n\n### Response:\n")},
    ),
    _chatml(
        "the text begins the answer",
        PLAIN,
        "text:p.txt",
        "D-GENPROMPT",
        files={"p.txt": CHATML_TEXT + "Sure!"},
        fills=QUESTION_FILL,
    ),
    # Thinking
    _chatml(
        "training has an empty thought, inference none",
        PLAIN,
        "chat-template",
        "D-THINK",
        settings={"chat_template": "qwen3"},
    ),
    _chatml(
        "asked without thinking, trained with thoughts",
        THINKING,
        "chat-template",
        "D-THINK",
        settings={"chat_template": "qwen3"},
        dataset={"split_thinking": True},
        kwargs=("enable_thinking=false",),
    ),
    _chatml(
        "the server begins a thought",
        PLAIN,
        "chat-template:t.jinja",
        "D-THINK",
        files={
            "t.jinja": CHATML_PLAIN.replace(
                "assistant\n{% endif %}", "assistant\n<think>\n{% endif %}"
            )
        },
    ),
    _chatml(
        "the server begins a thought with one newline more",
        THINKING,
        "chat-template",
        "D-THINK",
        settings={"chat_template": "qwen3"},
        dataset={"split_thinking": True, "template_thinking_key": "reasoning_content"},
        kwargs=("enable_thinking=true",),
    ),
    # Roles and fields
    _chatml(
        "a role that roles: does not map",
        [{"messages": [{"role": "user", "content": "Hello?"}, {"role": "bot", "content": "Yes."}]}],
        "chat-template",
        "D-ROLEMAP",
        dataset={"roles_to_train": ["bot"]},
    ),
    _chatml(
        "roles: replaces the default map",
        SHAREGPT,
        "chat-template",
        "D-ROLEMAP",
        dataset={**FROM_VALUE, "roles": {"assistant": ["gpt"], "system": ["system"]}},
    ),
    _chatml(
        "the answers' role is not mapped, so none is trained",
        [
            {
                "messages": [
                    {"role": "user", "content": "Hi?"},
                    {"role": "model", "content": "Hello."},
                ]
            }
        ],
        "chat-template",
        "D-ROLEMAP",
        "D-STOPSET",
    ),
    # Rows without input
    _alpaca(
        "format: without no_input_format:",
        ALPACA,
        "text:p.txt",
        "D-NOINPUT",
        dataset={"type": {"format": "[INST] {instruction}\n{input} [/INST]"}},
        files={"p.txt": "[INST] {instruction}\n{input} [/INST]"},
    ),
    _alpaca(
        "the text has an empty ### Input:",
        ALPACA,
        "text:p.txt",
        "D-NOINPUT",
        files={"p.txt": ALPACA_INPUT_TEXT},
    ),
    _alpaca(
        "the text leaves the input out",
        ALPACA_INPUT,
        "text:p.txt",
        "D-NOINPUT",
        files={"p.txt": ALPACA_TEXT},
    ),
    # Tools
    _chatml(
        "axolotl ignores field_tools:",
        [{"messages": TOOL_CHAT[0]["messages"], "functions": [TOOL]}],
        "chat-template",
        "D-TOOLS",
        settings={"chat_template": "tokenizer_default"},
        dataset={"field_tools": "functions"},
    ),
    _chatml(
        "the client sends no tools",
        TOOL_CHAT,
        "messages:m.json",
        "D-TOOLS",
        settings={"chat_template": "tokenizer_default"},
        files={"m.json": '[{"role": "user", "content": "Weather in Oslo?"}]'},
    ),
    _chatml(
        "the server's template knows no tools",
        TOOL_CHAT,
        "chat-template:t.jinja",
        "D-TOOLS",
        settings={"chat_template": "tokenizer_default"},
        files={"t.jinja": CHATML_PLAIN},
    ),
    # What stops generation
    _llama3(
        "the model's generation_config stops on another token", CHAT, "chat-template", "D-STOPSET"
    ),
    _llama3("axolotl inference stops on the EOS alone", PLAIN, "axolotl", "D-STOPSET"),
    Example(
        "ChatML's end token is not the EOS, so it is masked",
        MISTRAL,
        PLAIN,
        CHAT_TYPE,
        "chat-template",
        frozenset({"D-STOPSET"}),
        {"chat_template": "chatml"},
    ),
    # White space
    Example(
        "an f-string with one newline less",
        MISTRAL,
        HONEYCOMB,
        {**CHAT_TYPE, **FROM_VALUE, "chat_template": "alpaca"},
        "text:p.txt",
        frozenset({"D-WHITESPACE"}),
        files={"p.txt": HONEYCOMB_TEXT},
    ),
    _alpaca(
        "the text lost its last newline",
        ALPACA,
        "text:p.txt",
        "D-WHITESPACE",
        files={"p.txt": ALPACA_TEXT.rstrip("\n")},
    ),
    _llama3(
        "training's template trims, the server's does not",
        [
            {
                "messages": [
                    {"role": "user", "content": "Hello there  \n"},
                    {"role": "assistant", "content": "Hi."},
                ]
            }
        ],
        "chat-template:t.jinja",
        "D-WHITESPACE",
        "D-STOPSET",
        files={"t.jinja": LLAMA3_UNTRIMMED},
    ),
    # The conversation
    _chatml(
        "the client sends no system message",
        CHAT[:1],
        "messages:m.json",
        "D-SYSTEM",
        files={"m.json": '[{"role": "user", "content": "{question}"}]'},
        fills=("question=messages.1.content",),
    ),
    _chatml(
        "training drops the system message",
        CHAT[:1],
        "chat-template",
        "D-SYSTEM",
        dataset={"drop_system_message": True},
    ),
    _chatml(
        "a placeholder is filled from the wrong field",
        CHAT[:1],
        "messages:m.json",
        "D-CONTENT",
        files={
            "m.json": '[{"role": "system", "content": "Answer shortly."}, '
            '{"role": "user", "content": "{question}"}]'
        },
        fills=("question=messages.2.content",),
    ),
]

AGREEING = [
    _chatml("ChatML, several turns", CHAT, "chat-template"),
    _chatml("the named template", CHAT, "chat-template:chatml"),
    _chatml("axolotl inference with the config's template", PLAIN, "axolotl"),
    _chatml(
        "a prompt file in ChatML",
        PLAIN,
        "text:p.txt",
        files={"p.txt": CHATML_TEXT},
        fills=QUESTION_FILL,
    ),
    _chatml(
        "messages as a client builds them",
        PLAIN,
        "messages:m.json",
        files={"m.json": '[{"role": "user", "content": "{q}"}]'},
        fills=("q=messages.0.content",),
    ),
    _chatml(
        "Qwen3 asked without thinking",
        PLAIN,
        "chat-template",
        settings={"chat_template": "qwen3"},
        kwargs=("enable_thinking=false",),
    ),
    _chatml(
        "tools on both sides",
        TOOL_CHAT,
        "chat-template",
        settings={"chat_template": "tokenizer_default"},
    ),
    _chatml("names mapped from ShareGPT's", SHAREGPT, "chat-template", dataset=FROM_VALUE),
    _alpaca("Alpaca's own text", ALPACA, "text:p.txt", files={"p.txt": ALPACA_TEXT}),
    _alpaca(
        "Alpaca's text with an input",
        ALPACA_INPUT,
        "text:p.txt",
        files={"p.txt": ALPACA_INPUT_TEXT},
    ),
    _alpaca("axolotl inference with Alpaca's prompter", ALPACA, "axolotl:AlpacaPrompter"),
    _alpaca(
        "a user-defined format",
        ALPACA,
        "text:p.txt",
        dataset={"type": USER_DEFINED},
        files={"p.txt": "[INST] {instruction} [/INST]"},
    ),
    _alpaca(
        "a function that makes the prompt",
        ALPACA,
        "python:client:prompt",
        files={"client.py": f"def prompt(row):\n    return {ALPACA_TEXT!r}.format(**row)\n"},
    ),
]
