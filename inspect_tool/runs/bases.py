"""The folders that a config's relative paths may start from.

Axolotl resolves them against the directory it was run from, which nothing records: it is the
config's own folder or one above it up to the project's root, or the current directory.
"""

from __future__ import annotations

import os
from pathlib import Path

MAX_LEVELS = 6
"""How far above a file its project's root is looked for."""


def absolute(path: str | Path, *, base: Path) -> Path:
    """Return ``path`` with ``~`` expanded, against ``base`` if relative, with ``..`` resolved."""
    return Path(os.path.normpath(base / Path(path).expanduser()))


def project_folders(start: Path, *, levels: int = MAX_LEVELS) -> tuple[Path, ...]:
    """Return ``start`` and the folders above it, up to the project's root: nearest first.

    The root is the first folder that holds ``.git``; else it ends after ``levels``, below the home
    directory and below ``/``.
    """
    home = Path.home()
    found = [start]
    for folder in start.parents:
        if (found[-1] / ".git").exists() or len(found) >= levels:
            break
        if folder == home or folder == Path(folder.anchor):
            break
        found.append(folder)
    return tuple(found)


def config_bases(config: Path) -> tuple[Path, ...]:
    """Return every folder that a config's paths may start from: the current directory first."""
    current = Path.cwd()
    bases = [folder for folder in project_folders(config.parent) if folder != current]
    return (current, *bases)
