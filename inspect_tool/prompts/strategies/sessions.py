"""A config opened in the worker: its tokenizer, and a reader and the raw rows of each dataset.

Axolotl's own loader finds the files and makes the strategies; only the step that would tokenise
the whole dataset is held back. A session is kept until a file that it was made from changes.
"""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.axolotl_tasks import (
    BASE_MODEL,
    AxolotlRefusedError,
    axolotl_at,
    load_config,
    plain_model,
    refused,
)
from inspect_tool.errors import InspectError
from inspect_tool.prompts.strategies.readers import reader_of, text_reader
from inspect_tool.runs.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.prompts.strategies.reader import Reader, Row

READ_AT_ONCE = 500
KEPT = 4
"""How many sessions, tokenizers and loaded files are kept for the next question."""

Stamp = tuple[tuple[str, int, int], ...]
"""Path, size and time of last change (ns) of each file; -1 for one that is not there."""


@dataclass(frozen=True)
class Request:
    """Which rows: those of ``datasets`` or ``test_datasets`` (``split`` train or test)."""

    config: Path
    cwd: Path
    split: str = "train"


@dataclass(frozen=True)
class Source:
    """One dataset of a config, loaded; ``entry`` is its dotted key."""

    entry: str
    reader: Reader
    dataset: Any
    files: tuple[str, ...]
    settings: Mapping[str, Any]
    template_key: str

    def numbered(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Row]]:
        """Yield raw rows with their numbers, read from Arrow many at a time."""
        end = len(self.dataset) if stop is None else min(stop, len(self.dataset))
        for first in range(start, end, READ_AT_ONCE):
            columns = self.dataset[first : min(first + READ_AT_ONCE, end)]
            names = list(columns)
            for number, values in enumerate(zip(*columns.values(), strict=True), start=first):
                yield number, dict(zip(names, values, strict=True))


@dataclass(frozen=True)
class Session:
    """A config as axolotl reads it, with everything that rows are rendered by."""

    request: Request
    cfg: Any
    tokenizer: Any
    sources: tuple[Source, ...]
    left_out: tuple[str, ...]
    stamp: Stamp = field(repr=False)


@dataclass
class _Grabbed:
    """What axolotl was about to tokenise: the strategy and the raw rows."""

    strategy: Any
    dataset: Any
    details: dict[str, Any] = field(default_factory=dict)


_SESSIONS: dict[Request, Session] = {}
_TOKENIZERS: dict[str, Any] = {}
_LOADED: dict[str, Any] = {}


@contextmanager
def session(request: Request) -> Iterator[Session]:
    """Give the session of a request, made anew if a file changed; axolotl's globals are put back.

    Raises AxolotlRefusedError where axolotl takes the config or the data for impossible.
    """
    found = _SESSIONS.get(request)
    if found is not None and stamp_of(path for path, _, _ in found.stamp) == found.stamp:
        with axolotl_at(request.cwd, offline=True):
            yield found
        return
    with axolotl_at(request.cwd, offline=True) as scratch:
        made = _keep(_SESSIONS, request, _open(request, scratch))
        yield made


def _open(request: Request, scratch: Path) -> Session:
    cfg, left_out = load_config(request.config, scratch)
    if BASE_MODEL in left_out:
        cfg.base_model_config = plain_model(scratch)
    entries = cfg.datasets if request.split == "train" else cfg.test_datasets
    if cfg.pretraining_dataset or cfg.streaming or cfg.skip_prepare_dataset:
        raise InspectError(
            "axolotl prepares nothing for this config; its rows are made while it trains",
            place=request.config,
            fix="only configs without pretraining_dataset, streaming and skip_prepare_dataset",
        )
    if not entries:
        raise InspectError(f"no datasets for {request.split}", place=request.config)
    try:
        tokenizer = _tokenizer(cfg)
        sources = tuple(_sources(cfg, tokenizer, request, scratch))
    except InspectError:
        raise
    except Exception as error:
        raise refused(error, request.config) from error
    files = [path for source in sources for path in source.files]
    watched: list[str | Path] = [request.config]
    watched += [*_template_files(cfg, entries), *_tokenizer_files(cfg), *files]
    return Session(
        request=request,
        cfg=cfg,
        tokenizer=tokenizer,
        sources=sources,
        left_out=left_out,
        stamp=stamp_of(str(Path(path).absolute()) for path in watched),
    )


def _sources(cfg: Any, tokenizer: Any, request: Request, scratch: Path) -> Iterator[Source]:
    from axolotl.utils.data.shared import datasets_with_name_generator

    key = "datasets" if request.split == "train" else "test_datasets"
    written = Config.read(request.config).values[key]
    for index, entry in enumerate(cfg[key]):
        for expanded in datasets_with_name_generator([entry]):
            with _loading_apart(expanded, scratch):
                reader, dataset, shown = _reader(cfg, tokenizer, expanded, index, request.split)
            own_template = bool(written[index].get("chat_template"))
            yield Source(
                entry=f"{key}.{index}",
                reader=reader,
                dataset=dataset,
                files=tuple(_files(expanded, dataset)),
                settings={**shown, **_named(cfg, written[index])},
                template_key=f"{key}.{index}.chat_template" if own_template else "chat_template",
            )


def _reader(
    cfg: Any, tokenizer: Any, entry: Any, index: int, split: str
) -> tuple[Reader, Any, dict[str, Any]]:
    if cfg.rl:
        from axolotl.utils.data.rl import load_dataset_with_config

        dataset = _split_of(load_dataset_with_config(entry, cfg.hf_use_auth_token), split)
        return text_reader(cfg, tokenizer, entry, index, dataset), dataset, {}
    processor = None
    if cfg.processor_type:
        from axolotl.loaders import load_processor

        processor = load_processor(cfg, tokenizer=tokenizer)
    grabbed = _grabbed(cfg, tokenizer, entry, split, processor)
    reader = reader_of(grabbed.strategy, grabbed.details)
    return reader, grabbed.dataset, settings_of(grabbed.strategy)


def _split_of(dataset: Any, split: str) -> Any:
    """Return the rows that axolotl takes for preferences: ``train`` of several splits."""
    return dataset["train"] if hasattr(dataset, "keys") and "train" in dataset else dataset


def _grabbed(cfg: Any, tokenizer: Any, entry: Any, split: str, processor: Any) -> _Grabbed:
    """Let axolotl load a dataset and build its strategy, and take both before it tokenises."""
    from axolotl.prompt_strategies.messages import chat
    from axolotl.utils.data import sft, wrappers

    def grab(strategy: Any, dataset: Any, **_: Any) -> _Grabbed:
        return _Grabbed(strategy, dataset)

    def grab_messages(dataset: Any, **details: Any) -> _Grabbed:
        return _Grabbed(None, dataset, details)

    with ExitStack() as replaced:
        for module, name, stand_in in (
            (wrappers, "wrap_dataset_for_tokenized_prompt", grab),
            (wrappers, "TokenizedPromptDataset", grab),
            (chat, "TokenizedChatDataset", grab_messages),
        ):
            replaced.enter_context(replacing(module, name, stand_in))
        dataset, _ = sft._load_and_process_single_dataset(  # noqa: SLF001
            entry, cfg, tokenizer, split, cfg.seed, processor
        )
    return dataset if isinstance(dataset, _Grabbed) else _Grabbed(None, dataset)


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
def _loading_apart(entry: Any, scratch: Path) -> Iterator[None]:
    """Load local files without leaving a copy in the user's cache, and only when they changed.

    `datasets` maps the copy that it makes into memory; the copy's folder may go, and goes.
    """
    import datasets
    from axolotl.utils.data import rl, sft, shared
    from tqdm import tqdm  # type: ignore[import-untyped]

    # the lock that tqdm would make itself is a semaphore, which outlives a worker that is killed
    tqdm.set_lock(threading.RLock())

    def remembered(config: Any, *args: Any, **kwargs: Any) -> Any:
        files = stamp_of(str(Path(path).absolute()) for path in _named_files(config))
        named = [config.get(key) for key in LOADING_KEYS]
        key = json.dumps([named, str(Path.cwd()), files], default=str)
        if key not in _LOADED:
            _keep(_LOADED, key, shared.load_dataset_with_config(config, *args, **kwargs))
        return _LOADED[key]

    with ExitStack() as replaced:
        for module in (sft, rl):
            replaced.enter_context(replacing(module, "load_dataset_with_config", remembered))
        if _named_files(entry):
            place = scratch / "datasets"
            replaced.enter_context(replacing(datasets.config, "HF_DATASETS_CACHE", place))
        yield


LOADING_KEYS = ("path", "name", "split", "revision", "ds_type", "data_files", "trust_remote_code")
"""Keys of a dataset that axolotl's loader looks at (utils/data/shared.py)."""


def _tokenizer(cfg: Any) -> Any:
    """Load the tokenizer as axolotl does, or take the one of an earlier session if it is alike."""
    from axolotl.loaders import load_tokenizer

    named = {key: cfg.get(key) for key in TOKENIZER_KEYS}
    files = stamp_of(str(Path(path).absolute()) for path in _tokenizer_files(cfg))
    templates = stamp_of(str(Path(path).absolute()) for path in _template_files(cfg, []))
    key = json.dumps([named, files, templates, str(Path.cwd())], default=str, sort_keys=True)
    if key not in _TOKENIZERS:
        _keep(_TOKENIZERS, key, load_tokenizer(cfg))
    return _TOKENIZERS[key]


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


def _tokenizer_files(cfg: Any) -> list[Path]:
    folder = Path(str(cfg.tokenizer_config))
    names = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "tokenizer.model")
    return [folder / name for name in names] if folder.is_dir() else []


def _template_files(cfg: Any, entries: Any) -> list[Path]:
    written = [cfg.chat_template_jinja, *(entry.get("chat_template_jinja") for entry in entries)]
    short = [str(item) for item in written if item and len(str(item)) < 4096]
    return [Path(item) for item in short if "\n" not in item and Path(item).is_file()]


def _named_files(entry: Any) -> list[str]:
    """Return the local files that a dataset names, in the order in which they are read."""
    path = Path(str(entry.path))
    if path.is_file():
        return [str(path)]
    written = entry.data_files
    names = [written] if isinstance(written, str) else list(written or [])
    return [name for name in names if Path(str(name)).is_file()] if path.is_dir() else []


def _files(entry: Any, dataset: Any) -> list[str]:
    """Return the absolute paths of the files that the rows came from, those that are here."""
    named = _named_files(entry)
    if not named:
        noted = getattr(dataset.info, "download_checksums", None) or {}
        named = [path for path in noted if Path(path).is_file()]
    return [str(Path(path).absolute()) for path in named]


def _named(cfg: Any, entry: Any) -> dict[str, Any]:
    """Return the settings that a dataset's item or the config names, as they are written."""
    kind = entry.get("type")
    template = entry.get("chat_template") or getattr(cfg.chat_template, "value", cfg.chat_template)
    return {
        "type": kind if isinstance(kind, str) or kind is None else "user-defined",
        "chat_template": template or "tokenizer_default",
    }


def settings_of(strategy: Any) -> dict[str, Any]:
    """Return the settings in force that decide labels, by their YAML keys."""
    names = ("roles_to_train", "train_on_inputs", "train_on_eos", "train_on_eot", "eot_tokens")
    found = {name: getattr(strategy, name) for name in names if hasattr(strategy, name)}
    return {name: list(v) if isinstance(v, list | tuple) else v for name, v in found.items()}


def stamp_of(paths: Any) -> Stamp:
    """Return size and time of last change of each path."""
    stamps = []
    for path in paths:
        try:
            status = Path(path).stat()
            stamps.append((str(path), status.st_size, status.st_mtime_ns))
        except OSError:
            stamps.append((str(path), -1, -1))
    return tuple(stamps)


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> Any:
    """Keep a value, and let the oldest go."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > KEPT:
        kept.pop(next(iter(kept)))
    return value


__all__ = ["AxolotlRefusedError", "Request", "Session", "Source", "session"]
