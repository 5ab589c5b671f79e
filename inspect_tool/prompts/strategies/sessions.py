"""A config opened in the worker: its tokenizer, and a reader and the raw rows of each dataset.

Axolotl's own loader finds the files and makes the strategies; only the step that would tokenise
the whole dataset is held back. A session is kept until a file that it was made from changes.
"""

from __future__ import annotations

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
from inspect_tool.prompts.data_problems import data_problem
from inspect_tool.prompts.strategies.loading import (
    Stamp,
    files_of,
    keep,
    loading_apart,
    replacing,
    stamp_of,
    template_files,
    tokenizer_files,
    tokenizer_of,
)
from inspect_tool.prompts.strategies.readers import reader_of, text_reader
from inspect_tool.runs.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tool.prompts.strategies.reader import Reader, Row

READ_AT_ONCE = 500


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


@contextmanager
def session(request: Request) -> Iterator[Session]:
    """Give the session of a request, made anew if a file changed; axolotl's globals are put back.

    Raises AxolotlRefusedError where axolotl takes the config or the data for impossible.
    """
    found = _SESSIONS.get(request)
    if found is None or stamp_of(path for path, _, _ in found.stamp) != found.stamp:
        found = keep(_SESSIONS, request, _opened(request))
    with axolotl_at(request.cwd, offline=True):
        yield found


def _opened(request: Request) -> Session:
    """Open with what is on this machine; what is missing is fetched where that is allowed."""
    import huggingface_hub.constants as hub

    try:
        with axolotl_at(request.cwd, offline=True) as scratch:
            return _open(request, scratch)
    except AxolotlRefusedError:
        if hub.HF_HUB_OFFLINE or _all_local(request):
            raise
    with axolotl_at(request.cwd, offline=False) as scratch:
        return _open(request, scratch)


def _all_local(request: Request) -> bool:
    config = Config.read(request.config)
    named = [config.tokenizer_name, *(entry.path for entry in config.datasets)]
    return all((request.cwd / name).exists() for name in named)


def _open(request: Request, scratch: Path) -> Session:
    cfg, left_out = load_config(request.config, scratch)
    if BASE_MODEL in left_out:
        cfg.base_model_config = plain_model(scratch)
    entries = cfg.datasets if request.split == "train" else cfg.test_datasets
    if cfg.pretraining_dataset or cfg.streaming or cfg.skip_prepare_dataset:
        raise InspectError(
            "axolotl prepares nothing for this config: its rows are made while it trains",
            place=request.config,
            fix="pretraining_dataset, streaming and skip_prepare_dataset say so",
        )
    if not entries:
        raise InspectError(f"no datasets for {request.split}", place=request.config)
    try:
        tokenizer = tokenizer_of(cfg)
        sources = tuple(_sources(cfg, tokenizer, request, scratch))
    except InspectError:
        raise
    except Exception as error:
        problem = data_problem(request.config, request.cwd)
        raise problem or refused(error, request.config) from error
    files = [path for source in sources for path in source.files]
    watched: list[str | Path] = [request.config]
    watched += [*template_files(cfg, entries), *tokenizer_files(cfg), *files]
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
            with loading_apart(expanded, scratch):
                reader, dataset, shown = _reader(cfg, tokenizer, expanded, index, request.split)
            own_template = bool(written[index].get("chat_template"))
            yield Source(
                entry=f"{key}.{index}",
                reader=reader,
                dataset=dataset,
                files=tuple(files_of(expanded, dataset)),
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
