"""The words in which every surface says which key decided, and from where a token came."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.explained import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspect_tool.prompts.explained import Source
    from inspect_tool.runs.config import Config


def key_words(key: str, config: Config | None, settings: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a key, the value in force, and where it is written.

    ``settings`` are those in force, by dataset and key.
    """
    value = _value(key, settings)
    said = f" is {value}" if value is not None else ""
    line = config.line_of(key) if config is not None else None
    if line is not None and config is not None:
        return f"{key}{said} ({config.path.name}:{line})"
    return f"{key}{said} (not in the YAML)" if said else key


def source_words(source: Source) -> str:
    """Return the file, line, field and characters of a source."""
    where = f"{from_here(source.file)}:{source.line}" if source.file else f"row {source.row}"
    path = f"{dotted(source.field.path)}, characters {source.start} to {source.end}"
    doubt = " (found by its text)" if source.field.inferred else ""
    return f"{where} {path}{doubt}"


def from_here(path: str) -> str:
    """Return a path from the current directory, whole if it lies elsewhere."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _value(key: str, settings: Mapping[str, Mapping[str, Any]]) -> str | None:
    entry, _, name = key.rpartition(".")
    found = settings.get(entry) or next(iter(settings.values()), {})
    if name not in found:
        return None
    value = found[name]
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
