"""What a prepared dataset was made from, written beside it: config keys, files, library versions.

Axolotl's own hash misses the contents of every file, several keys and all versions. Where this
tool prepares, it writes a sidecar, and what changed since can be named for certain.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspect_tool.axolotl_tasks import versions
from inspect_tool.runs.bases import absolute, config_bases
from inspect_tool.runs.reference import tokenizer_files, tokenizer_reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from inspect_tool.runs.config import Config

FORMAT = 1
SUFFIX = ".sidecar.json"

ROW_KEYS = (
    "added_tokens_overrides",
    "base_model",
    "base_model_config",
    "chat_template",
    "chat_template_jinja",
    "chat_template_kwargs",
    "curriculum_sampling",
    "dataset_exact_deduplication",
    "datasets",
    "default_system_message",
    "eot_tokens",
    "eval_sample_packing",
    "eval_sequence_len",
    "excess_length_strategy",
    "group_by_length",
    "min_sample_len",
    "plugins",
    "processor_type",
    "process_reward_model",
    "revision_of_model",
    "reward_model",
    "rl",
    "sample_packing",
    "seed",
    "sequence_len",
    "shuffle_before_merging_datasets",
    "shuffle_merged_datasets",
    "special_tokens",
    "test_datasets",
    "tokenizer_config",
    "tokenizer_legacy",
    "tokenizer_type",
    "tokenizer_use_fast",
    "tokenizer_use_mistral_common",
    "tokens",
    "train_on_inputs",
    "trust_remote_code",
)
"""Top-level keys that may change a stored row, or its place."""


@dataclass(frozen=True)
class FileMark:
    """A file's size in bytes, time of last change (ns) and SHA-256."""

    size: int
    modified: int
    sha256: str


@dataclass(frozen=True)
class Sidecar:
    """``keys`` maps dotted keys to values, ``files`` absolute paths, ``packages`` versions."""

    keys: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, FileMark] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)

    def changes(self, config: Config, *, cwd: Path) -> tuple[str, ...]:
        """Name what is not as it was: keys first, then files, then versions."""
        return (
            *_changed("", self.keys, flat_keys(config)),
            *(f"{path} changed" for path in self._changed_files(config, cwd)),
            *_changed("", self.packages, versions()),
        )

    def since(self, before: Sidecar) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Name what is not as it was with another sidecar: versions; then keys and files."""
        marks = {path: mark.sha256 for path, mark in self.files.items()}
        old = {path: mark.sha256 for path, mark in before.files.items()}
        files = [path for path in marks.keys() | old.keys() if marks.get(path) != old.get(path)]
        return (
            tuple(_changed("", before.packages, self.packages)),
            (
                *_changed("", before.keys, self.keys),
                *(f"{path} changed" for path in sorted(files)),
            ),
        )

    def _changed_files(self, config: Config, cwd: Path) -> list[str]:
        now = {str(path): path for path in input_files(config, cwd=cwd)}
        gone = [path for path in self.files if path not in now]
        return gone + [
            name
            for name, path in now.items()
            if name not in self.files or not _is_same(path, self.files[name])
        ]


def sidecar_path(folder: Path) -> Path:
    """Return where the sidecar of a prepared folder lies: beside it."""
    return folder.with_name(folder.name + SUFFIX)


def write_sidecar(folder: Path, config: Config, *, cwd: Path) -> Path:
    """Write down what ``folder``, which this tool prepared, was made from; return the file."""
    written = {
        "format": FORMAT,
        "config": str(config.path),
        "keys": flat_keys(config),
        "files": {str(path): vars(_mark(path)) for path in input_files(config, cwd=cwd)},
        "packages": versions(),
    }
    path = sidecar_path(folder)
    path.write_text(json.dumps(written, indent=1, default=str) + "\n", "utf-8")
    return path


def read_sidecar(folder: Path) -> Sidecar | None:
    """Read a folder's sidecar; None where there is none that can be read."""
    try:
        written = json.loads(sidecar_path(folder).read_text("utf-8"))
        if written["format"] != FORMAT:
            return None
        files = {path: FileMark(**mark) for path, mark in written["files"].items()}
        return Sidecar(written["keys"], files, written["packages"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def flat_keys(config: Config) -> dict[str, Any]:
    """Return the values that may change a stored row, by dotted key."""
    chosen = {key: config.values[key] for key in ROW_KEYS if key in config.values}
    flat: dict[str, Any] = {}
    _flatten(json.loads(json.dumps(chosen, default=str)), "", flat)
    return flat


def input_files(config: Config, *, cwd: Path) -> list[Path]:
    """Return the local files that rows are made from: data, templates, the tokenizer's."""
    named = [file for entry in (*config.datasets, *config.test_datasets) for file in entry.files]
    named += [
        str(options["chat_template_jinja"])
        for options in (config.values, *(entry.options for entry in config.datasets))
        if options.get("chat_template_jinja")
    ]
    paths = [absolute(name, base=cwd) for name in named if len(name) < 4096 and "\n" not in name]
    bases = (cwd, *config_bases(config.path))
    tokenizer = tokenizer_reference(flag=None, config=config, bases=bases)
    if tokenizer is not None and tokenizer.folder is not None:
        paths += tokenizer_files(tokenizer.folder)
    return [path for path in dict.fromkeys(paths) if path.is_file()]


def _flatten(value: Any, key: str, flat: dict[str, Any]) -> None:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            _flatten(item, f"{key}.{name}".lstrip("."), flat)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            _flatten(item, f"{key}.{index}", flat)
    else:
        flat[key] = value


def _changed(prefix: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if old != new:
            found.append(f"{prefix}{key} was {_value(old)}, is {_value(new)}")
    return found


def _value(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _mark(path: Path) -> FileMark:
    status = path.stat()
    return FileMark(status.st_size, status.st_mtime_ns, _sha256(path))


def _is_same(path: Path, mark: FileMark) -> bool:
    status = path.stat()
    if status.st_size != mark.size:
        return False
    return status.st_mtime_ns == mark.modified or _sha256(path) == mark.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
