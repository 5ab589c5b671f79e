"""Named stops: what a person wants to see happen, as places in the source that is installed.

Places are found in the source itself by what it says, not by line numbers, so that they hold for
whichever version is installed. Nothing heavy is imported: files are read and parsed.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.stops.source import Rule, Spot, line_to_stop, spots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENVIRONMENT_KEY = "INSPECT_TOOL_STOPS"
"""The variable through which a run learns where to stop."""

_STRATEGIES = ("*/axolotl/prompt_tokenizers.py", "*/axolotl/prompt_strategies/*.py")
_TRAINERS = ("*/axolotl/core/trainers/*.py", "*/trl/trainer/*.py", "*/trl/experimental/*.py")
_TRANSFORMERS = ("*/transformers/trainer.py",)
_MODELS = ("*/transformers/models/*/modeling_*.py", "*/transformers/modeling_layers.py")
_HEADS = "CausalLM|ConditionalGeneration|SequenceClassification|TokenClassification"

RULES = (
    Rule("tokenize", _STRATEGIES, r".*\.tokenize_prompt"),
    Rule("tokenize", ("*/axolotl/utils/data/streaming.py",), r"encode_\w+"),
    Rule("tokenize", _TRAINERS, r".*\.(tokenize_fn|tokenize_row)"),
    Rule("mask", _STRATEGIES, r".*", at="masking"),
    Rule("mask", _TRAINERS, r".*\.(torch_call|tokenize_row)", at="masking"),
    Rule("collate", ("*/axolotl/utils/collators/*.py",), r".*\.__call__"),
    Rule("collate", ("*/transformers/data/data_collator.py",), r".*\.(__call__|torch_call)"),
    Rule(
        "collate", _TRAINERS, r".*\.torch_call|DataCollator\w+\.__call__|GRPO\w+\._prepare_inputs"
    ),
    Rule("forward", _MODELS, rf"\w*For({_HEADS})\.forward|GPT2LMHeadModel\.forward"),
    Rule("loss", (*_TRAINERS, *_TRANSFORMERS), r".*\.compute_loss"),
    Rule("optimizer", _TRANSFORMERS, r".*", at="optimizer step"),
    Rule("evaluate", (*_TRAINERS, *_TRANSFORMERS), r".*\.evaluate"),
    Rule("save", ("*/axolotl/train.py",), r"save_trained_model"),
    Rule("save", _TRANSFORMERS, r"Trainer\.(_save_checkpoint|save_model)"),
    Rule("nan", _TRANSFORMERS, r"Trainer\.training_step", at="loss known"),
)
"""Where each stop may be; a run stops at the first of them that it reaches, once."""

NAMES = tuple(dict.fromkeys(rule.stop for rule in RULES))
NO_STOP = "none"
"""What stands for no stop where something has to be chosen."""
_PACKAGES = ("axolotl", "transformers", "trl")


@dataclass(frozen=True)
class Break:
    """A line to stop at, each time it is reached; ``line`` is where a statement starts."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Place:
    """Where a named stop may be: a file, the 1-based line that is shown, and the function."""

    stop: str
    file: Path
    line: int
    function: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form."""
        file = str(self.file)
        return {"stop": self.stop, "file": file, "line": self.line, "function": self.function}


@dataclass(frozen=True)
class Stops:
    """Where a run stops while a debugger is attached; without one, nowhere."""

    names: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.names or self.breaks)

    @classmethod
    def parse(cls, names: Iterable[str], lines: Iterable[str], *, cwd: Path) -> Stops:
        """Read ``--stop-at`` and ``--break FILE:LINE``; raises InspectError for what is neither."""
        given = [part.strip() for name in names for part in name.split(",")]
        wanted = tuple(part for part in given if part not in {"", NO_STOP})
        for name in wanted:
            if name not in NAMES:
                raise InspectError(
                    f"--stop-at {name}: no such stop", fix=f"one of {', '.join(NAMES)}"
                )
        return cls(wanted, tuple(_break(line, cwd=cwd) for line in lines))

    def environment(self) -> str:
        """Return what the run reads (see ``stops_hook``)."""
        breaks = [[str(item.file), item.line] for item in self.breaks]
        return json.dumps({"names": list(self.names), "breaks": breaks})

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form; places are not looked up."""
        return {"names": list(self.names), "breaks": [str(item) for item in self.breaks]}


def rules_for(file: str, names: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of the stops ``names`` that look into ``file``."""
    posix = file.replace(os.sep, "/")
    return tuple(
        rule
        for rule in RULES
        if rule.stop in names and any(fnmatchcase(posix, pattern) for pattern in rule.files)
    )


def places(name: str, *, architecture: str | None = None) -> tuple[Place, ...]:
    """Find where the stop ``name`` may be in what is installed; empty without axolotl.

    ``architecture`` is transformers' model type; without it a forward pass is looked for nowhere.
    """
    found = []
    for file in _candidates(name, architecture):
        rules = rules_for(str(file), (name,))
        if rules:
            found += [_place(spot, file) for spot in _spots_of(file, rules)]
    return tuple(found)


def _candidates(name: str, architecture: str | None) -> Iterator[Path]:
    for package in _PACKAGES:
        spec = util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        root = Path(spec.origin).parent
        for pattern in {p for rule in RULES if rule.stop == name for p in rule.files}:
            _, _, inside = pattern.partition(f"*/{package}/")
            if not inside:
                continue
            if inside.startswith("models/"):
                inside = f"models/{architecture or '-'}/modeling_*.py"
            head, _, last = inside.rpartition("/")
            yield from sorted((root / head).rglob(last) if "*" not in head else root.glob(inside))


def _spots_of(file: Path, rules: tuple[Rule, ...]) -> list[Spot]:
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError):
        return []
    return list(spots(tree, rules))


def _place(spot: Spot, file: Path) -> Place:
    return Place(spot.stop, file, spot.line, spot.function)


def _break(text: str, *, cwd: Path) -> Break:
    name, _, number = text.rpartition(":")
    if not name or not number.isdigit() or int(number) < 1:
        raise InspectError(f"--break {text}: not FILE:LINE", fix="--break my_rewards.py:12")
    file = _find(name, cwd=cwd)
    if file is None:
        raise InspectError(
            f"--break {text}: no such file",
            fix="a path, or one inside an installed package such as axolotl/train.py",
        )
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError) as error:
        raise InspectError(f"not a Python source ({error})", place=file) from None
    line = line_to_stop(tree, int(number))
    if line is None:
        raise InspectError(f"--break {text}: no statement at or after that line", place=file)
    return Break(file, line)


def _find(name: str, *, cwd: Path) -> Path | None:
    folders = [cwd, *(Path(entry) for entry in sys.path if entry)]
    files = (Path(os.path.normpath(folder / name)) for folder in folders)
    return next((file for file in files if file.is_file()), None)
