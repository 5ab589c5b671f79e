"""What a person writes after ``--against``, ``--kwargs``, ``--fill`` and ``--stop``, read.

No heavy import: mistakes show before axolotl is started.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inspect_tool.errors import InspectError

KINDS = {
    "chat-template": "the tokenizer's chat template, or chat-template:NAME_OR_FILE",
    "saved": "saved:DIR, the tokenizer and template of an output_dir",
    "axolotl": "what `axolotl inference` sends, or axolotl:PROMPTER",
    "text": "text:FILE, a prompt with {placeholders}",
    "messages": "messages:FILE, a JSON list of messages with {placeholders}",
    "python": "python:MODULE:FUNCTION, which gets the raw row",
    "openai": "openai:URL, a running vLLM server",
    "ollama": "ollama:FILE, a Modelfile or a Go template",
}
ALONE = frozenset({"chat-template", "axolotl"})
"""Kinds that need nothing after them."""
FILES = frozenset({"text", "messages", "ollama"})
WITH_KWARGS = frozenset({"chat-template", "saved", "messages", "openai"})
"""Kinds that render a chat template and so take chat_template_kwargs."""
TIMEOUT = 10.0
"""Seconds that a server may take for one answer."""


@dataclass(frozen=True)
class TargetSpec:
    """One target as asked for; ``name`` is what reports call it. ``kwargs`` are JSON."""

    kind: str
    value: str
    name: str
    kwargs: str = "{}"

    @property
    def template_kwargs(self) -> dict[str, Any]:
        """The chat_template_kwargs that are sent."""
        found: dict[str, Any] = json.loads(self.kwargs)
        return found


@dataclass(frozen=True)
class Fill:
    """Where a placeholder's value is: a raw field, or a pattern over the training text."""

    name: str
    field: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Options:
    """What holds for all targets."""

    fills: tuple[Fill, ...] = ()
    stops: tuple[str, ...] = ()
    timeout: float = TIMEOUT


def parse_targets(
    against: list[str], kwargs: list[str] | None = None, *, cwd: Path
) -> tuple[TargetSpec, ...]:
    """Read ``--against`` values; each that renders a chat template, once per ``--kwargs``.

    Files are relative to ``cwd``. Raises InspectError for an unknown kind or a file that is not
    there.
    """
    variants = [parse_kwargs(item) for item in kwargs or []]
    specs: list[TargetSpec] = []
    for written in against:
        spec = _parse_target(written, cwd)
        if variants and spec.kind in WITH_KWARGS:
            specs += [_with_kwargs(spec, item) for item in variants]
        else:
            specs.append(spec)
    if variants and all(spec.kind not in WITH_KWARGS for spec in specs):
        raise InspectError(
            "no target renders a chat template",
            place="--kwargs",
            fix=f"it goes with {', '.join(sorted(WITH_KWARGS))}",
        )
    return tuple(dict.fromkeys(specs))


def parse_kwargs(written: str) -> dict[str, Any]:
    """Read ``name=value,name=value``; values are JSON where they are, else text."""
    if written.strip() in {"", "none"}:
        return {}
    found: dict[str, Any] = {}
    for part in re.split(r",(?=\s*\w+=)", written):
        name, equals, value = part.partition("=")
        if not equals or not name.strip().isidentifier():
            raise InspectError(
                "not NAME=VALUE", place=f"--kwargs {written}", fix="such as enable_thinking=false"
            )
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            plain = {"True": True, "False": False, "None": None}
            found[name.strip()] = plain.get(value.strip(), value)
    return found


def parse_fill(written: str) -> Fill:
    """Read ``name=FIELD`` or ``name=/regex/``; raises InspectError for anything else."""
    name, equals, value = written.partition("=")
    if not equals or not name.strip() or not value:
        raise InspectError(
            "not NAME=FIELD or NAME=/REGEX/",
            place=f"--fill {written}",
            fix=r"such as nlq=question or nlq=/NLQ: (.*)/",
        )
    if len(value) > 1 and value.startswith("/") and value.endswith("/"):
        try:
            re.compile(value[1:-1], re.DOTALL)
        except re.error as error:
            raise InspectError(
                f"no regular expression: {error}", place=f"--fill {written}"
            ) from None
        return Fill(name.strip(), pattern=value[1:-1])
    return Fill(name.strip(), field=value)


def _parse_target(written: str, cwd: Path) -> TargetSpec:
    kind, colon, value = written.partition(":")
    if kind not in KINDS:
        raise InspectError(
            "no such target",
            place=f"--against {written}",
            fix=f"one of {', '.join(KINDS)}",
        )
    if (not value and kind not in ALONE) or (colon and not value):
        raise InspectError(
            "something is missing after it", place=f"--against {written}", fix=KINDS[kind]
        )
    if kind == "saved":
        value = _existing(value, cwd, written, folder=True)
    elif kind in FILES:
        value = _existing(value, cwd, written)
    elif kind == "openai":
        value = _url(value, written)
    elif kind == "python" and not re.fullmatch(r"[\w.]+:\w+", value):
        raise InspectError("not MODULE:FUNCTION", place=f"--against {written}", fix=KINDS[kind])
    return TargetSpec(kind, value, written)


def _with_kwargs(spec: TargetSpec, kwargs: dict[str, Any]) -> TargetSpec:
    shown = ", ".join(f"{name}={json.dumps(value)}" for name, value in kwargs.items())
    name = f"{spec.name} {{{shown}}}" if kwargs else spec.name
    return TargetSpec(spec.kind, spec.value, name, json.dumps(kwargs, sort_keys=True))


def _existing(value: str, cwd: Path, written: str, *, folder: bool = False) -> str:
    path = cwd / Path(value).expanduser()
    if path.is_dir() if folder else path.is_file():
        return str(path)
    what = "folder" if folder else "file"
    raise InspectError(f"no such {what}", place=f"--against {written}", fix=f"looked at {path}")


def _url(value: str, written: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InspectError(
            "not a URL", place=f"--against {written}", fix="such as openai:http://127.0.0.1:8000"
        )
    return value.rstrip("/")
