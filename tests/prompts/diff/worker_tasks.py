"""What the worker is asked by tests: the same prompts by the libraries' own calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.strategies.sessions import Request, session

if TYPE_CHECKING:
    from pathlib import Path


def template_ids(
    config: Path, cwd: Path, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None
) -> list[int]:
    """Return what transformers makes of messages with the tokenizer's own template."""
    with session(Request(config, cwd)) as opened:
        out = opened.tokenizer.apply_chat_template(
            messages, tools=tools, add_generation_prompt=True, tokenize=True, return_dict=True
        )
        return list(out["input_ids"])


def axolotl_ids(config: Path, cwd: Path, question: str) -> list[int]:
    """Return what `axolotl inference` tokenises for a typed question (cli/inference.py)."""
    from axolotl.cli.utils.load import resolve_chat_template_str

    with session(Request(config, cwd)) as opened:
        template = resolve_chat_template_str(opened.cfg, opened.tokenizer)
        if not template:
            return list(opened.tokenizer(question.strip(), add_special_tokens=True)["input_ids"])
        batch = opened.tokenizer.apply_chat_template(
            [{"role": "user", "content": question.strip()}],
            add_special_tokens=True,
            add_generation_prompt=True,
            chat_template=template,
            tokenize=True,
            return_dict=True,
        )
        return list(batch["input_ids"])


def prefixes(config: Path, cwd: Path) -> list[tuple[list[int], list[int]]]:
    """Return ids and labels of every row as axolotl's strategy gives them."""
    with session(Request(config, cwd)) as opened:
        (source,) = opened.sources
        rendered = [source.reader.render(row)[0] for _, row in source.numbered()]
        return [(item.ids, item.labels or []) for item in rendered]
