"""Known mismatches of training and inference, each with the cause that explains it.

Built from what went wrong in real runs: every case is a small config with real axolotl behind it.
"""

from __future__ import annotations

from fixtures.places import CHATML, MISTRAL
from tests.prompts.diff.example import Example, alpaca, chatml, llama3, segments
from tests.prompts.diff.rows import (
    ALPACA,
    ALPACA_INPUT,
    ALPACA_INPUT_TEXT,
    ALPACA_TEXT,
    BRACKETS,
    CHAT,
    CHAT_TYPE,
    CHATML_NO_GENERATION,
    CHATML_PLAIN,
    CHATML_TEXT,
    FROM_VALUE,
    HONEYCOMB,
    HONEYCOMB_TEXT,
    LLAMA3_UNTRIMMED,
    PLAIN,
    QUESTION_FILL,
    SHAREGPT,
    THINKING,
    TOOL,
    TOOL_CHAT,
    USER_DEFINED,
)

MISMATCHES = [
    # BOS
    alpaca(
        "the text has <s> and the tokenizer adds one",
        ALPACA,
        "text:p.txt",
        "D-BOS",
        files={"p.txt": f"<s>{ALPACA_TEXT}"},
    ),
    llama3(
        "the server's template writes no BOS",
        CHAT,
        "chat-template:t.jinja",
        "D-BOS",
        "D-STOPSET",
        files={"t.jinja": LLAMA3_UNTRIMMED.replace("{{ bos_token }}", "")},
    ),
    llama3(
        "the template writes BOS twice",
        CHAT,
        "chat-template:t.jinja",
        "D-BOS",
        "D-STOPSET",
        files={"t.jinja": "{{ bos_token }}" + LLAMA3_UNTRIMMED},
    ),
    # Template
    alpaca(
        "alpaca has a preamble, alpaca.jinja has none", ALPACA, "chat-template:alpaca", "D-TEMPLATE"
    ),
    alpaca("axolotl inference sends the raw instruction", ALPACA, "axolotl", "D-TEMPLATE"),
    alpaca(
        "axolotl inference sends a user-defined format raw",
        ALPACA,
        "axolotl",
        "D-TEMPLATE",
        dataset={"type": USER_DEFINED},
    ),
    chatml(
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
    chatml(
        "a prompt in Vicuna's form",
        PLAIN,
        "text:p.txt",
        "D-TEMPLATE",
        files={"p.txt": "USER: {question} ASSISTANT:"},
        fills=QUESTION_FILL,
    ),
    chatml(
        "the server's template adds a default system message",
        PLAIN,
        "chat-template:t.jinja",
        "D-TEMPLATE",
        files={
            "t.jinja": "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n" + CHATML_PLAIN
        },
    ),
    # Boundary
    segments(
        "SentencePiece puts a space before each piece",
        MISTRAL,
        "<s>Question:\n",
        "great minds\n",
        "### Answer:\n",
    ),
    segments("a BPE merges newlines across pieces", CHATML, "Question: who?\n", "\nAnswer:"),
    chatml(
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
    chatml(
        "the template knows no add_generation_prompt",
        CHAT,
        "chat-template:t.jinja",
        "D-GENPROMPT",
        files={"t.jinja": CHATML_NO_GENERATION},
    ),
    alpaca(
        "the text ends before ### Response:",
        ALPACA,
        "text:p.txt",
        "D-GENPROMPT",
        files={"p.txt": ALPACA_TEXT.removesuffix("\n\n### Response:\n")},
    ),
    chatml(
        "the text begins the answer",
        PLAIN,
        "text:p.txt",
        "D-GENPROMPT",
        files={"p.txt": CHATML_TEXT + "Sure!"},
        fills=QUESTION_FILL,
    ),
    # Thinking
    chatml(
        "training has an empty thought, inference none",
        PLAIN,
        "chat-template",
        "D-THINK",
        settings={"chat_template": "qwen3"},
    ),
    chatml(
        "asked without thinking, trained with thoughts",
        THINKING,
        "chat-template",
        "D-THINK",
        settings={"chat_template": "qwen3"},
        dataset={"split_thinking": True},
        kwargs=("enable_thinking=false",),
    ),
    chatml(
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
    chatml(
        "the server begins a thought with one newline more",
        THINKING,
        "chat-template",
        "D-THINK",
        settings={"chat_template": "qwen3"},
        dataset={"split_thinking": True, "template_thinking_key": "reasoning_content"},
        kwargs=("enable_thinking=true",),
    ),
    # Roles and fields
    chatml(
        "a role that roles: does not map",
        [{"messages": [{"role": "user", "content": "Hello?"}, {"role": "bot", "content": "Yes."}]}],
        "chat-template",
        "D-ROLEMAP",
        dataset={"roles_to_train": ["bot"]},
    ),
    chatml(
        "roles: replaces the default map",
        SHAREGPT,
        "chat-template",
        "D-ROLEMAP",
        dataset={**FROM_VALUE, "roles": {"assistant": ["gpt"], "system": ["system"]}},
    ),
    chatml(
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
    alpaca(
        "format: without no_input_format:",
        ALPACA,
        "text:p.txt",
        "D-NOINPUT",
        dataset={"type": {"format": "[INST] {instruction}\n{input} [/INST]"}},
        files={"p.txt": "[INST] {instruction}\n{input} [/INST]"},
    ),
    alpaca(
        "the text has an empty ### Input:",
        ALPACA,
        "text:p.txt",
        "D-NOINPUT",
        files={"p.txt": ALPACA_INPUT_TEXT},
    ),
    alpaca(
        "the text leaves the input out",
        ALPACA_INPUT,
        "text:p.txt",
        "D-NOINPUT",
        files={"p.txt": ALPACA_TEXT},
    ),
    # Tools
    chatml(
        "axolotl ignores field_tools:",
        [{"messages": TOOL_CHAT[0]["messages"], "functions": [TOOL]}],
        "chat-template",
        "D-TOOLS",
        settings={"chat_template": "tokenizer_default"},
        dataset={"field_tools": "functions"},
    ),
    chatml(
        "the client sends no tools",
        TOOL_CHAT,
        "messages:m.json",
        "D-TOOLS",
        settings={"chat_template": "tokenizer_default"},
        files={"m.json": '[{"role": "user", "content": "Weather in Oslo?"}]'},
    ),
    chatml(
        "the server's template knows no tools",
        TOOL_CHAT,
        "chat-template:t.jinja",
        "D-TOOLS",
        settings={"chat_template": "tokenizer_default"},
        files={"t.jinja": CHATML_PLAIN},
    ),
    # What stops generation
    llama3(
        "the model's generation_config stops on another token", CHAT, "chat-template", "D-STOPSET"
    ),
    llama3("axolotl inference stops on the EOS alone", PLAIN, "axolotl", "D-STOPSET"),
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
    alpaca(
        "the text lost its last newline",
        ALPACA,
        "text:p.txt",
        "D-WHITESPACE",
        files={"p.txt": ALPACA_TEXT.rstrip("\n")},
    ),
    llama3(
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
    chatml(
        "the client sends no system message",
        CHAT[:1],
        "messages:m.json",
        "D-SYSTEM",
        files={"m.json": '[{"role": "user", "content": "{question}"}]'},
        fills=("question=messages.1.content",),
    ),
    chatml(
        "training drops the system message",
        CHAT[:1],
        "chat-template",
        "D-SYSTEM",
        dataset={"drop_system_message": True},
    ),
    chatml(
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
