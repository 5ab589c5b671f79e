"""Which config prepared a folder, and where a config's prepared folders lie: likely, not certain.

Nothing in a prepared folder names its config. What leads from one to the other is the config's
``dataset_prepared_path`` and the columns; certainty is axolotl's hash, which the worker computes.
"""

from __future__ import annotations

import json
import os
import re
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.runs.bases import absolute, config_bases, project_folders
from inspect_tool.runs.config import DEFAULT_PREPARED_PATH, Config, looks_like_config
from inspect_tool.runs.folders import (
    INFO,
    PREPARED,
    TOOL_FOLDER,
    FolderState,
    PreparedFolder,
    prepared_folders,
)
from inspect_tool.runs.identities import recall
from inspect_tool.runs.workspace import is_worth_entering
from inspect_tool.runs.yaml_lines import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_DEPTH = 3
"""How far below a project's folder its configs are looked for."""
MAX_ENTRIES = 3_000
"""How many directory entries one search may read; it runs before the first screen."""
MAX_CANDIDATES = 50

_PREPARED_LINE = re.compile(rb"^dataset_prepared_path:[ \t]*(\S[^\n#]*)", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """A config whose paths lead to a prepared folder when they start from ``cwd``."""

    config: Config
    cwd: Path
    plausible: bool = True
    """Whether the folder's columns are those that the config would give."""


@dataclass(frozen=True)
class PreparedPlace:
    """Where one config's prepared folders lie; ``folders`` likeliest first."""

    cwd: Path
    folders: tuple[PreparedFolder, ...] = ()
    named: bool = False
    """Whether the first folder bears the hash that axolotl gave for the config before."""


def configs_leading_to(folder: Path, *, modified: float) -> tuple[Candidate, ...]:
    """Find the configs beside or above a prepared folder that lead there, likeliest first.

    ``modified`` is when the folder was written: a config edited later is less likely.
    """
    root = folder.parent
    columns = stored_columns(folder)
    found: dict[Path, Candidate] = {}
    for path in _yamls_around(root):
        if path in found or not _may_lead_to(path, root):
            continue
        try:
            config = Config.read(path)
        except ConfigError:
            continue
        base = _base_leading_to(config, root)
        if base is not None:
            found[path] = Candidate(config, base, plausible=_fits(config, columns))
        if len(found) >= MAX_CANDIDATES:
            break
    return tuple(sorted(found.values(), key=lambda item: _rank(item, root, modified)))


def prepared_by(config: Config) -> PreparedPlace:
    """Find the prepared folders that a config may have made, likeliest first.

    Looks at its ``dataset_prepared_path`` and at this tool's own ``.inspect/prepared``, from every
    folder that its paths may start from, and settles on the one where most of them exist. A folder
    that bears the hash which axolotl last gave for the config comes first.
    """
    best = max(config_bases(config.path), key=lambda base: _evidence(config, base))
    found = [
        folder for root in prepared_roots(config, cwd=best) for folder in prepared_folders(root)
    ]
    hashes = recall(config, cwd=best) if found else ()
    own = tuple(
        folder
        for name in hashes
        for folder in found
        if folder.path.name == name and folder.state is FolderState.COMPLETE
    )
    others = likeliest_of([folder for folder in found if folder not in own], config)
    return PreparedPlace(best, (*own, *others), named=bool(own))


def likeliest_of(folders: Iterable[PreparedFolder], config: Config) -> tuple[PreparedFolder, ...]:
    """Sort folders by how likely they hold a config's training rows.

    Complete ones first, then those with the columns it gives, then the newest. Axolotl writes
    ``test_datasets`` after ``datasets``, so with them the newest but one comes first.
    """
    ranked = sorted(
        folders,
        key=lambda folder: (
            folder.state is not FolderState.COMPLETE,
            not _fits(config, stored_columns(folder.path)),
            -folder.modified,
        ),
    )
    finished = sum(folder.state is FolderState.COMPLETE for folder in ranked[:2])
    if config.test_datasets and config.datasets and finished == 2:
        ranked[:2] = reversed(ranked[:2])
    return tuple(ranked)


def prepared_roots(config: Config, *, cwd: Path) -> tuple[Path, Path]:
    """Return the folder that axolotl prepares in, and the one that this tool prepares in."""
    return absolute(config.prepared_path, base=cwd), cwd / PREPARED / config.path.stem


def stored_columns(folder: Path) -> frozenset[str]:
    """Return the column names that dataset_info.json lists; empty where it cannot be read."""
    try:
        info = json.loads((folder / INFO).read_bytes())
        return frozenset(info["features"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def _fits(config: Config, columns: frozenset[str]) -> bool:
    if not columns:
        return True
    if config.rl:
        return "input_ids" not in columns
    if config.values.get("reward_model"):
        return "chosen_ids" in columns
    packed = bool(config.values.get("sample_packing"))
    return "input_ids" in columns and (packed == ("position_ids" in columns))


def _yamls_around(root: Path) -> Iterator[Path]:
    """Yield YAML files below the folders above ``root``, those of the nearest folder first."""
    left = MAX_ENTRIES
    seen: set[str] = set()
    for top in project_folders(root.parent):
        queue: deque[tuple[Path | str, int]] = deque([(top, 0)])
        while queue and left > 0:
            folder, depth = queue.popleft()
            if os.fspath(folder) in seen:
                continue
            seen.add(os.fspath(folder))
            try:
                with os.scandir(folder) as listing:
                    entries = list(islice(listing, left))
            except OSError:
                continue
            left -= len(entries)
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith((".yml", ".yaml")):
                    yield root.parent.joinpath(entry.path)
                elif depth < MAX_DEPTH and _leads_on(entry, root):
                    queue.append((entry.path, depth + 1))


def _leads_on(entry: os.DirEntry[str], root: Path) -> bool:
    if entry.name == TOOL_FOLDER and TOOL_FOLDER not in root.parts:
        return False
    return is_worth_entering(entry) and entry.path != str(root)


def _may_lead_to(path: Path, root: Path) -> bool:
    """Tell from its bytes whether a YAML may lead to ``root``, without parsing it."""
    if not looks_like_config(path):
        return False
    if root.parent.name == PREPARED.name and root.name == path.stem:
        return True
    written = _PREPARED_LINE.search(path.read_bytes())
    if written is None:
        return root.name == DEFAULT_PREPARED_PATH
    text = written[1].decode("utf-8", "replace").strip().strip("\"'")
    if ".." in text or text.startswith(("&", "*", "!", "~")):
        return True
    place = os.path.normpath(text)
    if not Path(place).is_absolute():
        return str(root).endswith(f"{os.sep}{place}") or root.is_symlink()
    return place == str(root) or os.path.realpath(place) == os.path.realpath(root)


def _base_leading_to(config: Config, root: Path) -> Path | None:
    real = root.resolve()
    for base in (*project_folders(config.path.parent), Path.cwd()):
        if any(place.resolve() == real for place in prepared_roots(config, cwd=base)):
            return base
    return None


def _evidence(config: Config, base: Path) -> tuple[bool, int]:
    """Weigh how many of a config's relative paths exist when they start from ``base``."""
    prepared = any(prepared_folders(root) for root in prepared_roots(config, cwd=base))
    named = [config.base_model, *(file for entry in config.datasets for file in entry.files)]
    return prepared, sum(absolute(name, base=base).exists() for name in named)


def _rank(candidate: Candidate, root: Path, modified: float) -> tuple[bool, bool, bool, int, str]:
    path = candidate.config.path
    try:
        edited_later = path.stat().st_mtime > modified
    except OSError:
        edited_later = True
    apart = len(Path(os.path.relpath(path.parent, root.parent)).parts)
    return (not candidate.plausible, path.stem != root.name, edited_later, apart, str(path))
