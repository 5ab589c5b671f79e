"""From a tokenizer's name to a local folder: as a path, or through the Hub's cache on this machine.

Nothing is downloaded here and no heavy library is imported: the first screen waits for this.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.runs.bases import absolute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.runs.config import Config

FLAG = "--tokenizer"
"""How a person overrides every other source."""

CHANGING_KEYS = (
    "tokens",
    "special_tokens",
    "added_tokens_overrides",
    "tokenizer_type",
    "tokenizer_legacy",
    "tokenizer_use_fast",
    "tokenizer_use_mistral_common",
)
"""Config keys with which axolotl's tokenizer differs from the files it is loaded from."""

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "tekken.json",
)
_VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "tekken.json")
_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


class Availability(StrEnum):
    """What stands between a tokenizer's name and its vocabulary."""

    READY = "ready"
    """``folder`` holds a tokenizer.json."""
    CONVERT = "to convert"
    """``folder`` holds a tokenizer of another format; the worker turns it into tokenizer.json."""
    DOWNLOAD = "to download"
    """A Hub name that is not in the cache; the worker fetches it when online."""
    MISSING = "missing"
    """Neither a folder nor a Hub name that can be fetched now."""


@dataclass(frozen=True)
class TokenizerReference:
    """A tokenizer's name, where the name came from, and what is there under it.

    ``key`` is the config key that named it, or ``--tokenizer``; ``place`` its ``file:line``.
    ``folder`` is the local folder, None unless there is one. ``changed_by`` lists the config keys
    through which axolotl's tokenizer differs from that folder's files.
    """

    name: str
    key: str
    availability: Availability
    folder: Path | None = None
    place: str | None = None
    changed_by: tuple[str, ...] = ()
    revision: str | None = None

    @property
    def from_flag(self) -> bool:
        """Whether a person named it on the command line."""
        return self.key == FLAG

    @property
    def needs_worker(self) -> bool:
        """Whether the folder's files alone do not give the tokenizer that axolotl uses."""
        return self.availability is not Availability.READY or bool(self.changed_by)

    @property
    def message(self) -> str:
        """One line for a person: what is used, or what is missing."""
        said = f"tokenizer {self.name} (from {self.place or self.key})"
        match self.availability:
            case Availability.READY | Availability.CONVERT:
                return said
            case Availability.DOWNLOAD:
                return f"{said} is not on this machine yet"
            case Availability.MISSING if offline() and _HUB_NAME.fullmatch(self.name):
                return f"{said} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it"
            case _:
                return f"{said} was not found"

    @property
    def fix(self) -> str:
        """The way out when the tokenizer is missing; empty otherwise."""
        if self.availability is Availability.MISSING:
            return "name a tokenizer folder with --tokenizer, or tokenizer_config in the YAML"
        return ""


def tokenizer_reference(
    *, flag: str | None, config: Config | None, bases: Sequence[Path]
) -> TokenizerReference | None:
    """Say which tokenizer applies; None when neither a flag nor a config names one.

    ``bases`` are the folders that a relative path may start from, likeliest first.
    """
    if flag:
        return locate(flag, key=FLAG, bases=[Path.cwd(), *bases])
    if config is None:
        return None
    return locate(
        config.tokenizer_name,
        key=config.tokenizer_key,
        place=config.place(config.tokenizer_key),
        bases=bases,
        changed_by=changes(config),
        revision=str(config.values.get("revision_of_model") or "") or None,
    )


def changes(config: Config) -> tuple[str, ...]:
    """Return the keys of ``config`` with which axolotl alters the tokenizer it loads."""
    written = config.values
    return tuple(
        key
        for key in CHANGING_KEYS
        if (written.get(key) is False if key == "tokenizer_use_fast" else written.get(key))
    )


def locate(
    name: str,
    *,
    key: str,
    bases: Sequence[Path],
    place: str | None = None,
    changed_by: tuple[str, ...] = (),
    revision: str | None = None,
) -> TokenizerReference:
    """Find the local folder of a tokenizer by path, then by Hub name in the Hub's cache."""
    local = (absolute(name, base=base) for base in bases)
    folder = next((path for path in local if _has_vocabulary(path)), None)
    if folder is None and _HUB_NAME.fullmatch(name):
        folder = hub_snapshot(name, revision=revision or "main")
    if folder is not None and folder.is_file():
        folder = folder.parent
    return TokenizerReference(
        name=name,
        key=key,
        availability=_availability(name, folder),
        folder=folder,
        place=place,
        changed_by=changed_by,
        revision=revision,
    )


def hub_snapshot(name: str, *, revision: str = "main") -> Path | None:
    """Return the folder of a Hub repository in the cache if it holds a vocabulary.

    The cache's documented layout is read directly: huggingface_hub's own look-up takes a quarter
    of a second to import. Other revisions serve when the one asked for is not there by name.
    """
    from huggingface_hub.constants import HF_HUB_CACHE

    repository = Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    snapshots = repository / "snapshots"
    try:
        commit = (repository / "refs" / revision).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        commit = revision
    wanted = snapshots / commit
    if _has_vocabulary(wanted):
        return wanted
    if revision != "main":
        return None
    others = [folder for folder in _listed(snapshots) if _has_vocabulary(folder)]
    return max(others, key=lambda folder: folder.stat().st_mtime, default=None)


def tokenizer_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of ``folder`` that a tokenizer is loaded from, those that exist."""
    return tuple(path for path in (folder / name for name in _TOKENIZER_FILES) if path.is_file())


def _availability(name: str, folder: Path | None) -> Availability:
    if folder is not None:
        ready = (folder / "tokenizer.json").is_file()
        return Availability.READY if ready else Availability.CONVERT
    if _HUB_NAME.fullmatch(name) and not offline():
        return Availability.DOWNLOAD
    return Availability.MISSING


def _has_vocabulary(path: Path) -> bool:
    if path.name == "tokenizer.json":
        return path.is_file()
    return any((path / name).is_file() for name in _VOCABULARIES)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def hub_dataset_cached(name: str) -> bool:
    """Tell whether a dataset's repository is in the Hub's cache, whole or in part."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return (Path(HF_HUB_CACHE) / f"datasets--{name.replace('/', '--')}").is_dir()


def offline() -> bool:
    """Tell whether the environment forbids the Hub, as huggingface_hub reads it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
