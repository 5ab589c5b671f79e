"""One known case: a config, what it is compared with, and the causes that must be named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fixtures.places import CHATML, LLAMA3, MISTRAL
from tests.prompts.diff.rows import CHAT_TYPE, EOT


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


def chatml(
    name: str, rows: list[dict[str, Any]], against: str, *causes: str, **more: Any
) -> Example:
    """A ChatML chat on the byte-level BPE whose EOS ends turns."""
    settings = {"chat_template": "chatml", **more.pop("settings", {})}
    dataset = {**CHAT_TYPE, **more.pop("dataset", {})}
    return Example(name, CHATML, rows, dataset, against, frozenset(causes), settings, **more)


def alpaca(
    name: str, rows: list[dict[str, Any]], against: str, *causes: str, **more: Any
) -> Example:
    """An instruction row on the Mistral tokenizer."""
    dataset = more.pop("dataset", {"type": "alpaca"})
    return Example(name, MISTRAL, rows, dataset, against, frozenset(causes), **more)


def llama3(
    name: str, rows: list[dict[str, Any]], against: str, *causes: str, **more: Any
) -> Example:
    """A Llama 3 chat whose end of turn is trained and is not the EOS."""
    settings = {"chat_template": "llama3", **EOT, **more.pop("settings", {})}
    return Example(name, LLAMA3, rows, CHAT_TYPE, against, frozenset(causes), settings, **more)


def segments(name: str, model: Any, *texts: str) -> Example:
    """Masked texts, each tokenised alone, against the same in one piece."""
    pieces = [{"label": False, "text": text} for text in texts]
    pieces.append({"label": True, "text": "Nobody knows."})
    return Example(
        name,
        model,
        [{"segments": pieces}],
        {"type": "input_output"},
        "text:p.txt",
        frozenset({"D-BOUNDARY", "D-STOPSET"}),
        files={"p.txt": "".join(texts).removeprefix("<s>")},
    )
