"""A YAML document with the line of every key, read the way axolotl reads it (`yaml.safe_load`).

What is too deep for the C parser is refused before it is parsed: it would end the process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
"""Larger files are data, not configs."""
MAX_DEPTH = 200
"""Nesting beyond this is no config; libyaml's recursion overruns the stack somewhere above it."""
_SUSPECT = 1000
"""So many brackets and dashes could hide a nesting worth counting."""

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ConfigError(InspectError):
    """A config that cannot be read, or that is no axolotl config."""


@dataclass(frozen=True)
class DuplicateKey:
    """A key written more than once in one mapping; the last one counts, for axolotl too."""

    key: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class YamlDocument:
    """The values of one document, and where each of them is written.

    ``lines`` maps a dotted key (``datasets.0.type``) to its 1-based line.
    """

    values: Any
    lines: dict[str, int] = field(default_factory=dict)
    duplicates: tuple[DuplicateKey, ...] = ()


def read_yaml(path: Path) -> YamlDocument:
    """Read the one document in ``path``; raises ConfigError with ``file:line``."""
    text = _read_text(path)
    loader = _Loader(text)
    try:
        if _may_be_deep(text):
            _refuse_depth(text, path)
        node = loader.get_single_node()
        if node is None:
            return YamlDocument(None)
        lines: dict[str, int] = {}
        duplicates: list[DuplicateKey] = []
        _walk(node, "", lines, duplicates, open_nodes=set())
        return YamlDocument(loader.construct_document(node), lines, tuple(duplicates))
    except yaml.YAMLError as error:
        raise _syntax_error(error, path, text) from None
    except (ValueError, RecursionError, TypeError) as error:
        raise ConfigError(f"not valid YAML ({error})", place=path) from None
    finally:
        loader.dispose()


def key_lines(text: str) -> dict[str, int]:
    """Return the 1-based line of each dotted key of a document that is known to be valid."""
    loader = _Loader(text)
    try:
        lines: dict[str, int] = {}
        node = loader.get_single_node()
        if node is not None:
            _walk(node, "", lines, [], open_nodes=set())
        return lines
    finally:
        loader.dispose()


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(
                f"too large for a config (over {MAX_BYTES // 1000} kB)",
                place=path,
                fix="name the YAML, not the data",
            )
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError("no such file", place=path) from None
    except IsADirectoryError:
        raise ConfigError("a folder, not a YAML", place=path) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"not UTF-8 text (byte {error.start})", place=path, fix="save it as UTF-8"
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", place=path) from None


def _may_be_deep(text: str) -> bool:
    return text.count("[") + text.count("{") + text.count("- ") + text.count("? ") > _SUSPECT


def _refuse_depth(text: str, path: Path) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ConfigError(
                f"nested more than {MAX_DEPTH} deep; not an axolotl config", place=path
            )


def _walk(
    node: Any,
    prefix: str,
    lines: dict[str, int],
    duplicates: list[DuplicateKey],
    *,
    open_nodes: set[int],
) -> None:
    """Note the line of each key below ``node``; an alias to an open node ends there."""
    if id(node) in open_nodes or len(lines) > 100_000:
        return
    open_nodes.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, list[int]] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            dotted, line = f"{prefix}{key}", key_node.start_mark.line + 1
            seen.setdefault(dotted, []).append(line)
            lines[dotted] = line
            _walk(value_node, f"{dotted}.", lines, duplicates, open_nodes=open_nodes)
        duplicates += [
            DuplicateKey(key, tuple(at))
            for key, at in seen.items()
            if len(at) > 1 and not key.endswith("<<")
        ]
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[f"{prefix}{index}"] = item.start_mark.line + 1
            _walk(item, f"{prefix}{index}.", lines, duplicates, open_nodes=open_nodes)
    open_nodes.discard(id(node))


def _syntax_error(error: yaml.YAMLError, path: Path, text: str) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    if mark is None:
        return ConfigError(f"not valid YAML ({problem})", place=path)
    line = mark.line + 1
    lines = text.splitlines()
    written = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return ConfigError(
            "a tab indents this line", place=f"{path}:{line}", fix="YAML wants spaces"
        )
    context = getattr(error, "context", None)
    detail = f"{problem} {context}" if context else problem
    return ConfigError(f"not valid YAML: {detail}", place=f"{path}:{line}")
