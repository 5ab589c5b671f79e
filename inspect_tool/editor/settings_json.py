"""settings.json and extensions.json: completion and validation of the axolotl YAMLs, and no more.

The schema is given to those YAMLs alone: a folder whose every YAML is an axolotl config is named as
a whole, others file by file.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from inspect_tool.runs.config import looks_like_config

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCHEMAS = "yaml.schemas"
EXTENSIONS = ("ms-python.debugpy", "ms-python.python", "redhat.vscode-yaml")
DEBUGGER = EXTENSIONS[0]
"""Without this one nothing can be debugged."""

_ENDINGS = (".yml", ".yaml")
_PATTERN = str.maketrans(dict.fromkeys("*?[]{}!", "?"))


def globs(configs: Iterable[Path], root: Path) -> list[str]:
    """Return the patterns that match these configs below ``root``, and other YAMLs hardly.

    The YAML extension puts ``**/`` before each, so those in ``root`` itself are named one by one.
    """
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for config in configs:
        if config.is_relative_to(root) and not _is_hidden(config.relative_to(root)):
            by_folder[config.parent].append(config)
    found = []
    for folder, files in sorted(by_folder.items()):
        for ending in _ENDINGS:
            ours = sorted(file for file in files if file.suffix == ending)
            if ours and folder != root and _all_configs(folder, ending):
                found.append(_relative(folder / "x", root)[:-1] + f"*{ending}")
            else:
                found += [_relative(file, root) for file in ours]
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _all_configs(folder: Path, ending: str) -> bool:
    try:
        entries = [entry for entry in folder.iterdir() if entry.suffix == ending]
    except OSError:
        return False
    return all(looks_like_config(entry) for entry in entries)


def _relative(path: Path, root: Path) -> str:
    """Return a path below ``root``, anchored there, with what patterns read as more left open."""
    return "/" + os.fspath(path.relative_to(root)).translate(_PATTERN)
