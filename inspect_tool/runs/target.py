"""What ``inspect-tool PATH`` means: a dataset, the config and the tokenizer that belong to it.

Two phases. ``resolve`` answers at once from names and columns and says "assumed"; ``confirm``
(runs/confirm.py) asks axolotl for its hash in the background and says what is certain.
"""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.bases import absolute, config_bases
from inspect_tool.runs.config import Config
from inspect_tool.runs.folders import (
    FolderState,
    PreparedFolder,
    prepared_folder,
    prepared_folders,
    run_folder,
)
from inspect_tool.runs.journal import CONFIG
from inspect_tool.runs.match import Candidate, configs_leading_to, likeliest_of, prepared_by
from inspect_tool.runs.reference import TokenizerReference, tokenizer_reference

if TYPE_CHECKING:
    from inspect_tool.axolotl_tasks import PreparedIdentity

YAML_SUFFIXES = (".yml", ".yaml")
DATA_SUFFIXES = (".jsonl", ".json", ".parquet", ".csv", ".txt")


class TargetKind(StrEnum):
    """What the path was."""

    DATASET = "prepared folder"
    PREPARED_ROOT = "folder of prepared folders"
    CONFIG = "config"
    RUN = "run folder"
    DIRECTORY = "directory"


class Status(StrEnum):
    """How certain it is that the config made the dataset."""

    NONE = "nothing to confirm"
    ASSUMED = "assumed"
    CONFIRMED = "confirmed"
    STALE = "may be stale"
    UNPREPARED = "not prepared"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Target:
    """What to open. ``message`` is one line for a person, ``fix`` the way out, or empty.

    ``dataset`` is the folder to open and ``datasets`` all that the path offers, likeliest first;
    ``config`` the config that goes with it and ``candidates`` all that may. Relative paths of the
    config start from ``cwd``. ``split`` (``train``, ``test``) and ``identity`` are known only once
    confirmed.
    """

    path: Path
    kind: TargetKind
    status: Status
    message: str
    cwd: Path
    fix: str = ""
    dataset: PreparedFolder | None = None
    datasets: tuple[PreparedFolder, ...] = ()
    config: Config | None = None
    candidates: tuple[Candidate, ...] = ()
    tokenizer: TokenizerReference | None = None
    split: str | None = None
    identity: PreparedIdentity | None = None
    ambiguous: bool = False
    """Several folders may be the config's, and axolotl was not asked yet which one is."""


@dataclass(frozen=True)
class _Flags:
    config: Config | None
    tokenizer: str | None


def resolve(
    path: str | Path | None = None,
    *,
    config: str | Path | None = None,
    tokenizer: str | None = None,
) -> Target:
    """Say at once what ``path`` (default: the current directory) means.

    ``config`` and ``tokenizer`` are the command line's overrides. Raises InspectError for a path
    that does not exist, a file of another kind, and a YAML that is no axolotl config.
    """
    asked = absolute(path or ".", base=Path.cwd())
    given = Config.read(absolute(config, base=Path.cwd())) if config else None
    flags = _Flags(given, tokenizer)
    if not asked.exists():
        raise _missing(asked)
    if asked.is_file():
        return _of_file(asked, flags)
    try:
        folder = prepared_folder(asked)
        if folder is not None:
            return _of_dataset(asked, TargetKind.DATASET, (folder,), flags)
        if run_folder(asked) is not None:
            return _of_run(asked, flags)
        folders = prepared_folders(asked)
    except OSError as error:
        raise InspectError(f"cannot be read ({error.strerror})", place=asked) from None
    if folders:
        return _of_dataset(asked, TargetKind.PREPARED_ROOT, folders, flags)
    if given is not None:
        return _of_config(given.path, given, flags)
    return Target(
        path=asked,
        kind=TargetKind.DIRECTORY,
        status=Status.NONE,
        message="choose a config or a prepared folder",
        cwd=asked,
        tokenizer=tokenizer_reference(flag=tokenizer, config=None, bases=()),
    )


def _of_file(asked: Path, flags: _Flags) -> Target:
    if asked.suffix in YAML_SUFFIXES:
        return _of_config(asked, flags.config or Config.read(asked), flags)
    folder = prepared_folder(asked.parent)
    if folder is not None and asked.suffix in {".arrow", ".json"}:
        return _of_dataset(asked, TargetKind.DATASET, (folder,), flags)
    if asked.suffix in DATA_SUFFIXES:
        raise InspectError(
            "raw data; only what axolotl prepared from it shows what is trained",
            place=asked,
            fix="name the axolotl YAML whose datasets: has this file, or its prepared folder",
        )
    raise InspectError(
        "neither a YAML nor a folder", place=asked, fix="name an axolotl YAML or prepared folder"
    )


def _of_dataset(
    asked: Path, kind: TargetKind, folders: tuple[PreparedFolder, ...], flags: _Flags
) -> Target:
    dataset = folders[0]
    if flags.config is not None:
        candidates: tuple[Candidate, ...] = (
            Candidate(flags.config, prepared_by(flags.config).cwd),
        )
        said = "given with --config"
    else:
        candidates = configs_leading_to(dataset.path, modified=dataset.modified)
        said = _how_assumed(candidates)
    likeliest = candidates[0] if candidates else None
    if likeliest is not None and len(folders) > 1:
        folders = likeliest_of(folders, likeliest.config)
        dataset = folders[0]
    bases = tokenizer_bases(likeliest) or (dataset.path.parent.parent,)
    config = likeliest.config if likeliest else None
    fix = "" if config else "name one with --config, or its tokenizer with --tokenizer"
    if dataset.state is not FolderState.COMPLETE:
        said = f"{dataset.path.name} is {dataset.state.value}; {said}"
        fix = "let axolotl preprocess finish, or run it again"
    return Target(
        path=asked,
        kind=kind,
        status=Status.ASSUMED if likeliest else Status.UNKNOWN,
        message=said,
        cwd=likeliest.cwd if likeliest else Path.cwd(),
        fix=fix,
        dataset=dataset,
        datasets=folders,
        config=config,
        candidates=candidates,
        tokenizer=tokenizer_reference(flag=flags.tokenizer, config=config, bases=bases),
    )


def _how_assumed(candidates: tuple[Candidate, ...]) -> str:
    if not candidates:
        return "no config was found that leads here"
    said = f"{candidates[0].config.path.name} leads here (assumed)"
    others = len(candidates) - 1
    if others:
        said += f"; so {'does one other' if others == 1 else f'do {others} others'}"
    return said


def _of_config(asked: Path, config: Config, flags: _Flags) -> Target:
    place = prepared_by(config)
    candidate = Candidate(config, place.cwd)
    dataset = place.folders[0] if place.folders else None
    message, fix = _how_prepared(config, dataset, named=place.named)
    return Target(
        path=asked,
        kind=TargetKind.CONFIG,
        status=Status.ASSUMED if dataset else Status.UNPREPARED,
        message=message,
        cwd=place.cwd,
        fix=fix,
        dataset=dataset,
        datasets=place.folders,
        config=config,
        candidates=(candidate,),
        tokenizer=tokenizer_reference(
            flag=flags.tokenizer, config=config, bases=tokenizer_bases(candidate)
        ),
        ambiguous=len(place.folders) > 1 and not place.named,
    )


def _how_prepared(
    config: Config, dataset: PreparedFolder | None, *, named: bool
) -> tuple[str, str]:
    name = config.path.name
    if config.unprepared_key:
        key = config.unprepared_key
        return f"{name} sets {key}: axolotl stores nothing for it", ""
    if dataset is None:
        return f"{name} is not prepared yet", prepare_hint(config)
    said = f"{dataset.path.name} is the likeliest folder of {name} (assumed)"
    if named:
        said = f"{dataset.path.name} bears the hash that axolotl gave for {name}"
    if dataset.state is not FolderState.COMPLETE:
        return f"{said}, but it is {dataset.state.value}", prepare_hint(config)
    return said, ""


def prepare_hint(config: Config) -> str:
    """Return the command that prepares a config, as a hint."""
    return f"prepare it: inspect-tool prepare {shlex.quote(str(config.path))}"


def _of_run(asked: Path, flags: _Flags) -> Target:
    own = asked / CONFIG
    yamls = sorted(path for path in asked.iterdir() if path.suffix in YAML_SUFFIXES)
    configs = [own] if own in yamls else yamls
    folders = tuple(
        folder for root in sorted(asked.glob("prepared*")) for folder in prepared_folders(root)
    )
    config = flags.config or (Config.read(configs[0]) if configs else None)
    candidates = (Candidate(config, config_bases(config.path)[0]),) if config else ()
    bases = tokenizer_bases(candidates[0]) if candidates else ()
    return Target(
        path=asked,
        kind=TargetKind.RUN,
        status=Status.ASSUMED if config and folders else Status.UNKNOWN,
        message=f"run {asked.name}",
        cwd=candidates[0].cwd if candidates else asked,
        dataset=folders[0] if folders else None,
        datasets=folders,
        config=config,
        candidates=candidates,
        tokenizer=tokenizer_reference(flag=flags.tokenizer, config=config, bases=bases),
    )


def tokenizer_bases(candidate: Candidate | None) -> tuple[Path, ...]:
    """Return the folders that a config's tokenizer path may start from, likeliest first."""
    return (candidate.cwd, *config_bases(candidate.config.path)) if candidate else ()


def _missing(asked: Path) -> InspectError:
    if asked.is_symlink():
        return InspectError("a link that leads nowhere", place=asked, fix="name what it stood for")
    try:
        names = [entry.name for entry in asked.parent.iterdir()]
    except OSError:
        names = []
    close = difflib.get_close_matches(asked.name, names, n=1)
    fix = f"did you mean {asked.parent / close[0]}?" if close else "name a path that exists"
    return InspectError("no such file or folder", place=asked, fix=fix)
