"""Which model a debug run trains: the base model's shape made tiny, one by name, or the base model.

The base model's config.json is looked for on this machine only; fetching it is the caller's.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.findings import Finding
from inspect_tool.runs.bases import absolute
from inspect_tool.runs.reference import Availability, locate
from inspect_tool.runs.tiny.families import like
from inspect_tool.runs.tiny.model import TinyModel

if TYPE_CHECKING:
    from inspect_tool.runs.overrides.draft import Draft

LIKE = "--like ARCHITECTURE --tokenizer FOLDER"
_OTHER_HEADS = ("ForSequenceClassification", "ForTokenClassification")
"""Auto classes that axolotl calls with a config, which they do not take (loaders/model.py)."""
_SHAPE_KEYS = ("hidden_size", "intermediate_size", "num_hidden_layers", "head_dim")


@dataclass(frozen=True)
class ModelChoice:
    """What a person chose: the base model itself, another architecture, another tokenizer."""

    full: bool = False
    like: str | None = None
    tokenizer: str | None = None


@dataclass(frozen=True)
class Model:
    """The model of a run: ``tiny`` is None for the base model itself; ``path`` a folder or name."""

    path: str
    architecture: str | None = None
    tiny: TinyModel | None = None
    problems: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form; unknown values are null."""
        parameters = self.tiny.parameters if self.tiny else None
        return {"architecture": self.architecture, "parameters": parameters, "path": self.path}


def choose_model(draft: Draft, choice: ModelChoice, *, cwd: Path) -> Model:
    """Put the chosen model into ``draft``; what is missing is a problem of the result."""
    base = str(draft.get("base_model"))
    named = str(draft.get("base_model_config") or base)
    tokenizer = choice.tokenizer or str(draft.get("tokenizer_config") or named)
    revision = str(draft.get("revision_of_model") or "") or None
    if choice.like and choice.full:
        raise InspectError("--like and --full-model exclude each other")
    config = None if choice.like else find_config(named, cwd=cwd, revision=revision)
    architecture = config.get("model_type") if config else None
    missing = _tokenizer_problem(tokenizer, cwd=cwd, revision=revision)
    if choice.full:
        if choice.tokenizer:
            draft.set("tokenizer_config", tokenizer, "named by --tokenizer")
        return Model(base, architecture, problems=(*missing,))
    if choice.like:
        config = like(choice.like, vocabulary=_vocabulary(tokenizer, cwd=cwd))
    if config is None:
        return Model(base, problems=(_missing(named), *missing))
    if not isinstance(config.get("model_type"), str):
        return Model(base, problems=(_unknown(named), *missing))
    tiny = TinyModel.of(config, name=choice.like or base)
    if not _use(draft, tiny, tokenizer=tokenizer):
        return Model(base, architecture, problems=missing)
    return Model(str(tiny.folder), tiny.architecture, tiny, missing)


def find_config(name: str, *, cwd: Path, revision: str | None = None) -> dict[str, Any] | None:
    """Return a model's config.json from its folder or from the Hub's cache; None if not there.

    Raises InspectError, naming the file, where it cannot be read.
    """
    for file in _config_files(name, cwd=cwd, revision=revision):
        try:
            read = json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise InspectError(f"cannot be read ({error})", place=file) from None
        if not isinstance(read, dict):
            raise InspectError("not a model's config", place=file)
        return read
    return None


def find_generation(name: str, *, cwd: Path) -> dict[str, Any] | None:
    """Return the token ids of a model's generation_config.json; None where it is not here."""
    for file in _config_files(name, cwd=cwd, revision=None):
        try:
            read = json.loads(file.with_name("generation_config.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(read, dict):
            return {key: value for key, value in read.items() if key.endswith("_token_id")}
    return None


def fetch_config(name: str, *, revision: str | None = None) -> None:
    """Fetch a model's config.json into the Hub's cache; raises InspectError with the reason."""
    from huggingface_hub import hf_hub_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its retries, line by line
    try:
        hf_hub_download(name, "config.json", revision=revision)
    except Exception as error:  # without a network the Hub's client fails in several of its layers
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise InspectError(f"{name} cannot be fetched: {said}", fix=LIKE) from None


def _config_files(name: str, *, cwd: Path, revision: str | None) -> list[Path]:
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = absolute(name, base=cwd)
    if folder.is_dir():
        return [folder / "config.json"]
    repository = Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    wanted = revision or "main"
    try:
        commit = (repository / "refs" / wanted).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        commit = wanted
    others = sorted(repository.glob("snapshots/*/config.json"))
    return [repository / "snapshots" / commit / "config.json", *([] if revision else others)]


def _vocabulary(tokenizer: str, *, cwd: Path) -> int:
    """Count the ids of a tokenizer: its largest one and one more."""
    found = locate(tokenizer, key="--tokenizer", bases=[cwd])
    file = found.folder / "tokenizer.json" if found.folder else None
    if file is None or not file.is_file():
        raise InspectError(
            f"{found.message}; --like needs its tokenizer.json", fix="--tokenizer FOLDER"
        )
    try:
        read = json.loads(file.read_text("utf-8"))
        vocabulary = read["model"]["vocab"]
        ids = vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))
        added = (int(token["id"]) for token in read.get("added_tokens") or [])
        return max(int(item) for item in [*ids, *added]) + 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InspectError("not a tokenizer.json", place=file) from None


def _use(draft: Draft, tiny: TinyModel, *, tokenizer: str) -> bool:
    reason = f"a tiny random {tiny.architecture} of the same architecture; --full-model keeps yours"
    if not draft.set("base_model", str(tiny.folder), reason):
        return False
    draft.set("reinit_weights", True, "random weights: nothing to download or load")
    draft.set("tokenizer_config", tokenizer, "the same tokens as before")
    draft.remove("the tiny model has its own", "base_model_config")
    for key in _SHAPE_KEYS:
        draft.remove("the tiny model's shape counts", f"overrides_of_model_config.{key}")
    head = str(draft.get("model_type")).removeprefix("AutoModel")
    if head in _OTHER_HEADS:
        reason = "random weights need the class itself"
        draft.set("model_type", f"{tiny.class_prefix}{head}", reason)
    if "vision_config" in tiny.config or draft.get("processor_type"):
        draft.set("processor_config", tokenizer, "the same processor as before")
    return True


def _tokenizer_problem(tokenizer: str, *, cwd: Path, revision: str | None) -> tuple[Finding, ...]:
    found = locate(tokenizer, key="tokenizer_config", bases=[cwd], revision=revision)
    if found.availability is not Availability.MISSING:
        return ()
    return (
        Finding(
            code="P-TOKENIZER-MISSING",
            severity="error",
            message=found.message,
            key="tokenizer_config",
            fix="--tokenizer FOLDER names one that is here",
        ),
    )


def _missing(name: str) -> Finding:
    return Finding(
        code="P-MODEL-MISSING",
        severity="error",
        message=f"the config.json of {name} is not on this machine and could not be fetched",
        key="base_model",
        fix=f"{LIKE} builds a tiny model without it; gated models need `hf auth login`",
    )


def _unknown(name: str) -> Finding:
    return Finding(
        code="P-MODEL-UNKNOWN",
        severity="error",
        message=f"the config.json of {name} names no model_type, so its shape is not known",
        key="base_model",
        fix=f"{LIKE}, or --full-model",
    )
