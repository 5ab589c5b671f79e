"""What a session is made from: files loaded once, a tokenizer loaded once, and their stamps.

Axolotl's own loaders do the loading. What they load is kept until a file changes, because a
question asked again after an edit must not wait for what the edit did not touch.
"""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEPT = 4
"""How many sessions, tokenizers and loaded files are kept for the next question."""

LOADING_KEYS = ("path", "name", "split", "revision", "ds_type", "data_files", "trust_remote_code")
"""Keys of a dataset that axolotl's loader looks at (utils/data/shared.py)."""

TOKENIZER_KEYS = (
    "tokenizer_config",
    "tokenizer_type",
    "tokenizer_use_fast",
    "tokenizer_legacy",
    "tokenizer_use_mistral_common",
    "revision_of_model",
    "added_tokens_overrides",
    "special_tokens",
    "tokens",
    "chat_template",
    "chat_template_jinja",
    "default_system_message",
    "adapter",
    "lora_modules_to_save",
    "attn_implementation",
    "sample_packing",
)
"""Keys that axolotl's load_tokenizer looks at (loaders/tokenizer.py)."""

Stamp = tuple[tuple[str, int, int], ...]
"""Path, size and time of last change (ns) of each file; -1 for one that is not there."""

_TOKENIZERS: dict[str, Any] = {}
_LOADED: dict[str, Any] = {}


@contextmanager
def replacing(module: Any, name: str, stand_in: Any) -> Iterator[None]:
    """Put ``stand_in`` in place of a module's function for a while."""
    before = getattr(module, name)
    setattr(module, name, stand_in)
    try:
        yield
    finally:
        setattr(module, name, before)


@contextmanager
def loading_apart(entry: Any, scratch: Path) -> Iterator[None]:
    """Load local files without leaving a copy in the user's cache, and only when they changed.

    `datasets` maps the copy that it makes into memory; the copy's folder may go, and goes.
    """
    import datasets
    from axolotl.utils.data import rl, sft, shared
    from tqdm import tqdm  # type: ignore[import-untyped]

    # the lock that tqdm would make itself is a semaphore, which outlives a worker that is killed
    tqdm.set_lock(threading.RLock())

    def remembered(config: Any, *args: Any, **kwargs: Any) -> Any:
        files = stamp_of(str(Path(path).absolute()) for path in named_files(config))
        named = [config.get(key) for key in LOADING_KEYS]
        key = json.dumps([named, str(Path.cwd()), files], default=str)
        if key not in _LOADED:
            keep(_LOADED, key, shared.load_dataset_with_config(config, *args, **kwargs))
        return _LOADED[key]

    with ExitStack() as replaced:
        for module in (sft, rl):
            replaced.enter_context(replacing(module, "load_dataset_with_config", remembered))
        if named_files(entry):
            place = scratch / "datasets"
            replaced.enter_context(replacing(datasets.config, "HF_DATASETS_CACHE", place))
        yield


def tokenizer_of(cfg: Any) -> Any:
    """Load the tokenizer as axolotl does, or take the one of an earlier session if it is alike."""
    from axolotl.loaders import load_tokenizer

    named = {key: cfg.get(key) for key in TOKENIZER_KEYS}
    files = stamp_of(str(Path(path).absolute()) for path in tokenizer_files(cfg))
    templates = stamp_of(str(Path(path).absolute()) for path in template_files(cfg, []))
    key = json.dumps([named, files, templates, str(Path.cwd())], default=str, sort_keys=True)
    if key not in _TOKENIZERS:
        keep(_TOKENIZERS, key, load_tokenizer(cfg))
    return _TOKENIZERS[key]


def tokenizer_files(cfg: Any) -> list[Path]:
    """Return the files of a local tokenizer, there or not."""
    folder = Path(str(cfg.tokenizer_config))
    names = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "tokenizer.model")
    return [folder / name for name in names] if folder.is_dir() else []


def template_files(cfg: Any, entries: Any) -> list[Path]:
    """Return the template files that a config and its datasets name."""
    written = [cfg.chat_template_jinja, *(entry.get("chat_template_jinja") for entry in entries)]
    short = [str(item) for item in written if item and len(str(item)) < 4096]
    return [Path(item) for item in short if "\n" not in item and Path(item).is_file()]


def named_files(entry: Any) -> list[str]:
    """Return the local files that a dataset names, in the order in which they are read."""
    path = Path(str(entry.path))
    if path.is_file():
        return [str(path)]
    written = entry.data_files
    names = [written] if isinstance(written, str) else list(written or [])
    return [name for name in names if Path(str(name)).is_file()] if path.is_dir() else []


def files_of(entry: Any, dataset: Any) -> list[str]:
    """Return the absolute paths of the files that the rows came from, those that are here."""
    named = named_files(entry)
    if not named:
        noted = getattr(dataset.info, "download_checksums", None) or {}
        named = [path for path in noted if Path(path).is_file()]
    return [str(Path(path).absolute()) for path in named]


def stamp_of(paths: Iterable[Path | str]) -> Stamp:
    """Return size and time of last change of each path."""
    stamps = []
    for path in paths:
        try:
            status = Path(path).stat()
            stamps.append((str(path), status.st_size, status.st_mtime_ns))
        except OSError:
            stamps.append((str(path), -1, -1))
    return tuple(stamps)


def keep(kept: dict[Any, Any], key: Any, value: Any) -> Any:
    """Keep a value, and let the oldest go."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > KEPT:
        kept.pop(next(iter(kept)))
    return value
