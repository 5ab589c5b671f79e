"""An axolotl config as a person wrote it: values, the line of each key, and what follows from them.

No axolotl here. Defaults are axolotl's documented ones; what axolotl itself would decide is asked
of the worker.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspect_tool.findings import Finding
from inspect_tool.runs.yaml_lines import ConfigError, DuplicateKey, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_PREPARED_PATH = "last_run_prepared"
"""Where axolotl prepares when ``dataset_prepared_path`` is not set."""
DEFAULT_OUTPUT_DIR = "./model-out"

NAME_KEYS = ("base_model", "tokenizer_config", "base_model_config")
"""Keys whose value names a model or a tokenizer."""
DATA_KEYS = ("datasets", "pretraining_dataset", "test_datasets")
"""One of these makes a YAML with a base model an axolotl config."""


@dataclass(frozen=True)
class DatasetEntry:
    """One item of ``datasets`` or ``test_datasets``, as written."""

    key: str
    """Dotted key of the item, such as ``datasets.0``."""
    path: str
    type: str
    """The strategy's name; ``user-defined`` for a mapping with a format of its own."""
    options: Mapping[str, Any]
    line: int | None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it may read, as written: its path, or its ``data_files``."""
        written = self.options.get("data_files")
        if isinstance(written, str):
            return (written,)
        if isinstance(written, list) and written:
            return tuple(str(item) for item in written)
        return (self.path,) if self.path else ()


@dataclass(frozen=True)
class Config:
    """One config file, read. ``lines`` maps dotted keys to 1-based lines."""

    path: Path
    values: Mapping[str, Any] = field(repr=False)
    lines: Mapping[str, int] = field(repr=False)
    duplicates: tuple[DuplicateKey, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Config:
        """Read a YAML; raises ConfigError, with the line, when it is no axolotl config."""
        try:
            document = read_yaml(path)
        except ConfigError as error:
            raise _other_file(path) if path.is_file() and not _is_yaml(path) else error from None
        values = document.values
        if not isinstance(values, dict) and not _is_yaml(path):
            raise _other_file(path)
        if values is None:
            raise ConfigError("empty", place=path, fix="an axolotl config names a base_model")
        if not isinstance(values, dict):
            raise ConfigError(
                "no mapping of keys to values; not an axolotl config", place=f"{path}:1"
            )
        config = cls(path, values, document.lines, document.duplicates)
        config._refuse_other_kinds()
        return config

    def _refuse_other_kinds(self) -> None:
        for key in NAME_KEYS:
            name = self.values.get(key)
            if name is not None and not isinstance(name, str):
                raise ConfigError(
                    f"{key} is {json.dumps(name, default=str)[:40]}, not a name",
                    place=self.place(key),
                    fix=f'write a name or a folder, in quotes if it is a number: {key}: "NAME"',
                )
        if not (self.values.get("base_model") or "").strip():
            raise ConfigError(
                "not an axolotl config: it names no base_model",
                place=self.place("base_model"),
                fix="add base_model: NAME_OR_FOLDER",
            )
        if not any(self.values.get(key) for key in DATA_KEYS):
            raise ConfigError(
                "not an axolotl config: it names no datasets",
                place=self.place("datasets"),
                fix="add datasets: with a path and a type",
            )
        for key in ("datasets", "test_datasets"):
            entries = self.values.get(key)
            if entries and not (
                isinstance(entries, list) and all(isinstance(item, dict) for item in entries)
            ):
                raise ConfigError(
                    f"{key} is not a list of mappings",
                    place=self.place(key),
                    fix="write each dataset as `- path: …`",
                )

    def line_of(self, key: str) -> int | None:
        """Return the line of a dotted key (``datasets.0.type``), None where it is not written."""
        return self.lines.get(key)

    def place(self, key: str) -> str:
        """Return ``file:line`` of a dotted key, the file alone where it is not written."""
        line = self.line_of(key)
        return f"{self.path}:{line}" if line else str(self.path)

    @property
    def base_model(self) -> str:
        """Name or folder of the model, as written."""
        return str(self.values["base_model"])

    @property
    def tokenizer_key(self) -> str:
        """The key that names the tokenizer, in the order in which axolotl looks."""
        keys = ("tokenizer_config", "base_model_config")
        return next((key for key in keys if self.values.get(key)), "base_model")

    @property
    def tokenizer_name(self) -> str:
        """Name or folder of the tokenizer, as written."""
        return str(self.values[self.tokenizer_key])

    @property
    def prepared_path(self) -> str:
        """Where axolotl stores prepared datasets, as written or by default."""
        return str(self.values.get("dataset_prepared_path") or DEFAULT_PREPARED_PATH)

    @property
    def output_dir(self) -> str:
        """Where axolotl writes what it trained, as written or by default."""
        return str(self.values.get("output_dir") or DEFAULT_OUTPUT_DIR)

    @property
    def rl(self) -> str | None:
        """Preference method (``dpo``, ``kto``, ...), None for supervised training."""
        written = self.values.get("rl")
        return str(written) if written else None

    @property
    def datasets(self) -> tuple[DatasetEntry, ...]:
        """The training sets, in the order written."""
        return self._entries("datasets")

    @property
    def test_datasets(self) -> tuple[DatasetEntry, ...]:
        """The evaluation sets, in the order written; prepared in a folder of their own."""
        return self._entries("test_datasets")

    @property
    def unprepared_key(self) -> str | None:
        """The key because of which axolotl stores no prepared dataset, if there is one."""
        keys = ("pretraining_dataset", "skip_prepare_dataset", "streaming")
        return next((key for key in keys if self.values.get(key)), None)

    @property
    def val_set_size(self) -> float:
        """Share (below 1) or number of rows held out for evaluation; 0 holds none out."""
        written = self.values.get("val_set_size")
        try:
            return float(written) if written else 0.0
        except (TypeError, ValueError):
            return 0.0

    def eval_rows(self, rows: int) -> int:
        """How many of the last of ``rows`` prepared rows axolotl holds out for evaluation.

        The split is not stored; axolotl makes it at load without shuffling, and sklearn-style
        rounding up (utils/data/shared.py, create_train_validation_split). 0 where there is no
        split, and where axolotl would refuse it: a size of exactly 1, not fewer than there are
        rows, or any whole number of rows with ``rl``, which passes it on as a fraction.
        """
        size = self.val_set_size
        if self.test_datasets or size <= 0 or size == 1:
            return 0
        if size > 1 and self.rl:
            return 0
        held_out = math.ceil(rows * size) if size < 1 else int(size)
        return held_out if held_out < rows else 0

    def problems(self) -> tuple[Finding, ...]:
        """What is doubtful in the file itself, though axolotl accepts it."""
        return tuple(
            Finding(
                code="P-YAML-DUPLICATE",
                severity="warning",
                message=f"{item.key} is written on lines {', '.join(map(str, item.lines))}; "
                f"axolotl takes the last",
                count=len(item.lines),
                key=item.key,
                fix="keep one of them",
            )
            for item in self.duplicates
        )

    def _entries(self, key: str) -> tuple[DatasetEntry, ...]:
        return tuple(
            DatasetEntry(
                key=f"{key}.{index}",
                path=str(item.get("path") or ""),
                type=_type_name(item.get("type")),
                options=item,
                line=self.line_of(f"{key}.{index}"),
            )
            for index, item in enumerate(self.values.get(key) or [])
        )


def looks_like_config(path: Path, *, limit: int = 256_000) -> bool:
    """Tell from its bytes alone whether a YAML may be an axolotl config; never raises."""
    try:
        if path.stat().st_size > limit:
            return False
        data = path.read_bytes()
    except OSError:
        return False
    return b"base_model:" in data and (b"datasets:" in data or b"pretraining_dataset:" in data)


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in {"", ".yml", ".yaml", ".json"}


def _other_file(path: Path) -> ConfigError:
    """Say that a file is none: editors pass on whatever is open."""
    return ConfigError(
        "not a YAML", place=path, fix="name the axolotl YAML; in an editor, open it and start again"
    )


def _type_name(written: object) -> str:
    if isinstance(written, dict):
        return "user-defined"
    return str(written) if written else ""
