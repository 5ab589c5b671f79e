"""Rows, templates and prompts that the known cases are made of."""

from __future__ import annotations

from typing import Any

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
