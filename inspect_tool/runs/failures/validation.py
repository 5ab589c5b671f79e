"""What pydantic says of a config, and axolotl through it: each key with what is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from inspect_tool.runs.failures.errors import LoggedError

CODE = "F-CONFIG"
_HEAD = re.compile(r"\d+ validation errors? for \w+$")
_LOCATION = re.compile(r"[\w-]+(?:\.[^\s.]+(?:\[[^\]]*\])?)*$")
_NOISE = re.compile(r"^(?:Value|Assertion) error, | ?\[type=\w+, input_value=.*$")
_WORD = re.compile(r"`(\w+)(?::[^`]*)?`|\b([a-z]+(?:_[a-z0-9]+)+)\b")


class Refusal(NamedTuple):
    """``key`` is dotted, with parts of the schema in it; empty where no single key is meant."""

    key: str
    what: str


def refusals(error: LoggedError) -> tuple[Refusal, ...]:
    """Return what a validation error lists; () for other errors."""
    head, *lines = error.message.splitlines() or [""]
    if not (error.kind.endswith("ValidationError") and _HEAD.match(head)):
        return ()
    found: list[Refusal] = []
    key = ""
    for line in lines:
        if line.startswith("For further information"):
            key = ""
        elif _LOCATION.match(line) and not key:
            key = line
        elif not found or found[-1].key != key or not key:
            found.append(Refusal(key, _NOISE.sub("", line)))
    return tuple(found) or (Refusal("", "the config is not valid"),)


def said_of(found: tuple[Refusal, ...]) -> str:
    """Join refusals to one text; those of one key (the arms of a union) are told once."""
    told: dict[str, str] = {}
    for item in found:
        key = _plain(item.key)
        told.setdefault(key or item.what, f"{key}: {item.what}" if key else item.what)
    return "; ".join(told.values())


def keys_of(found: tuple[Refusal, ...]) -> tuple[str, ...]:
    """Return the keys that refusals are about: their places, then names in their text."""
    places = [_plain(item.key) for item in found if item.key]
    words = [a or b for item in found for a, b in _WORD.findall(item.what)]
    return tuple(dict.fromkeys([*places, *words]))


def _plain(key: str) -> str:
    """Drop what pydantic adds to a place: the arm of a union, a class of the schema."""
    parts = [part for part in key.split(".") if re.fullmatch(r"[a-z0-9_]+", part)]
    return ".".join(part for part in parts if part not in {"str", "int", "float", "bool", "none"})
