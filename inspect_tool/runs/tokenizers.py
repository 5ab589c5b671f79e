"""The tokenizer as axolotl uses it, kept on disk, so that a second opening needs no worker.

``tokens:``, ``special_tokens:`` and overrides change the tokenizer after it is loaded, and some
tokenizers have no tokenizer.json: axolotl and transformers make one, in the worker, once.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.axolotl_tasks import (
    TokenizerFile,
    tokenizer_file,
    tokenizer_file_for_name,
    versions,
)
from inspect_tool.axolotl_worker import WorkerError
from inspect_tool.errors import InspectError
from inspect_tool.runs.reference import Availability, TokenizerReference, tokenizer_files

if TYPE_CHECKING:
    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.runs.config import Config

LOAD_TIMEOUT = 900.0
"""Seconds for one tokenizer; a large one may have to be fetched."""
KEPT = 24
"""Tokenizers that stay in the cache; each takes up to some 30 MB."""

_KEYS = (
    "base_model",
    "base_model_config",
    "tokenizer_config",
    "tokenizer_type",
    "tokenizer_use_fast",
    "tokenizer_legacy",
    "tokenizer_use_mistral_common",
    "added_tokens_overrides",
    "special_tokens",
    "tokens",
    "revision_of_model",
)
"""The config keys that decide what axolotl's load_tokenizer returns (loaders/tokenizer.py)."""


def cache_folder() -> Path:
    """Return where converted tokenizers are kept."""
    import platformdirs

    return platformdirs.user_cache_path("inspect-tool") / "tokenizers"


def known_tokenizer(reference: TokenizerReference, config: Config | None) -> Path | None:
    """Return the folder of the tokenizer as axolotl uses it if no worker is needed for it."""
    if not reference.needs_worker:
        return reference.folder
    kept = cache_folder() / _key(reference, config)
    return kept if (kept / "tokenizer.json").is_file() else None


def load_tokenizer(
    reference: TokenizerReference, config: Config | None, *, cwd: Path, worker: AxolotlWorker
) -> Path:
    """Return a folder with tokenizer.json and tokenizer_config.json, exactly as axolotl has them.

    Asks the worker unless it is known. Raises InspectError with axolotl's reason.
    """
    known = known_tokenizer(reference, config)
    if known is not None:
        return known
    if reference.availability is Availability.MISSING:
        raise InspectError(reference.message, fix=reference.fix)
    try:
        file = _ask(reference, config, cwd=cwd, worker=worker)
    except WorkerError:
        raise
    except InspectError as error:
        if reference.availability is not Availability.DOWNLOAD:
            raise
        raise InspectError(
            f"{reference.message} and could not be fetched: {error.message}",
            fix="go online, or name a tokenizer folder with --tokenizer",
        ) from error
    folder = cache_folder() / _key(reference, config)
    try:
        return _keep(file, folder)
    except OSError as error:
        raise InspectError(
            f"the tokenizer cannot be kept ({error.strerror})",
            place=folder.parent,
            fix="set XDG_CACHE_HOME to a folder that can be written",
        ) from None


def _ask(
    reference: TokenizerReference, config: Config | None, *, cwd: Path, worker: AxolotlWorker
) -> TokenizerFile:
    if reference.from_flag or config is None:
        name = os.fspath(reference.folder or reference.name)
        return worker.call(
            tokenizer_file_for_name, name, cwd, reference.revision, timeout=LOAD_TIMEOUT
        )
    return worker.call(tokenizer_file, config.path, cwd, timeout=LOAD_TIMEOUT)


def _key(reference: TokenizerReference, config: Config | None) -> str:
    """Name what a tokenizer is made from: names, config keys, files and versions."""
    files = tokenizer_files(reference.folder) if reference.folder else ()
    parts: dict[str, Any] = {
        "name": reference.name,
        "revision": reference.revision,
        "folder": str(reference.folder),
        "files": [_stamp(file) for file in files],
        "versions": versions(),
    }
    if config is not None and not reference.from_flag:
        parts["keys"] = {key: config.values.get(key) for key in _KEYS}
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stamp(file: Path) -> tuple[str, int, int]:
    status = file.stat()
    return file.name, status.st_size, status.st_mtime_ns


def _keep(file: TokenizerFile, folder: Path) -> Path:
    """Write a tokenizer's folder whole or not at all; several processes may do it at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    try:
        (draft / "tokenizer.json").write_text(file.json, "utf-8")
        roles = {f"{role}_token": token for role, token in file.roles.items()}
        (draft / "tokenizer_config.json").write_text(json.dumps(roles), "utf-8")
        (draft / "source.json").write_text(
            json.dumps({"name_or_path": file.name_or_path, "versions": dict(file.versions)}),
            "utf-8",
        )
        with suppress(OSError):
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _prune(folder.parent)
    return folder


def _prune(root: Path) -> None:
    with suppress(OSError):
        kept = [path for path in root.iterdir() if not path.name.startswith(".")]
        for old in sorted(kept, key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
