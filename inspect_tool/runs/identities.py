"""What axolotl's hash of a config was when it was last asked: a second opening knows at once.

The hash follows from the config's text, the folder its paths start from and axolotl's version, so
what was heard once holds until one of them changes.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from inspect_tool.runs.config import Config

KEPT = 500
"""Configs that stay remembered; each is a file of some 100 bytes."""


def remember(config: Config, *, cwd: Path, hashes: Iterable[str]) -> None:
    """Keep the names of the folders that axolotl prepares for ``config``; best effort."""
    file = _file(config, cwd)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(list(hashes)), "utf-8")
        draft.replace(file)
        kept = sorted(file.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink(missing_ok=True)


def recall(config: Config, *, cwd: Path) -> tuple[str, ...]:
    """Return those names, axolotl's ``datasets`` first; empty if axolotl was not asked yet."""
    try:
        hashes = json.loads(_file(config, cwd).read_text("utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(name for name in hashes if isinstance(name, str))


def _file(config: Config, cwd: Path) -> Path:
    import platformdirs

    from inspect_tool.axolotl_tasks import versions

    try:
        text = config.path.read_bytes()
    except OSError:
        text = b""
    key = hashlib.sha256(text)
    key.update(json.dumps([str(config.path), str(cwd), versions()], sort_keys=True).encode())
    return platformdirs.user_cache_path("inspect-tool") / "identities" / key.hexdigest()[:32]
