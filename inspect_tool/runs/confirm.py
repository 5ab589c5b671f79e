"""The second phase of a target: axolotl's own hash says which config made the dataset.

Equal hashes are proof. Different ones are as good as the config that was hashed: the reasons are
said, and what the hash cannot see (the data's contents, the tokenizer's files) is looked at too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inspect_tool.axolotl_tasks import PreparedIdentity, identify
from inspect_tool.errors import InspectError
from inspect_tool.runs.bases import absolute, config_bases
from inspect_tool.runs.folders import FolderState, PreparedFolder, is_hash, prepared_folder
from inspect_tool.runs.identities import remember
from inspect_tool.runs.match import Candidate, prepared_roots
from inspect_tool.runs.reference import tokenizer_files, tokenizer_reference
from inspect_tool.runs.target import Status, Target, TargetKind, prepare_hint, tokenizer_bases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.runs.config import Config
    from inspect_tool.runs.reference import TokenizerReference

FIRST_TIMEOUT = 180.0
"""Seconds for one hash, the import of axolotl on a loaded machine included."""
MAX_CANDIDATES = 20
"""How many configs are hashed before the search ends."""


@dataclass(frozen=True)
class _Hashed:
    candidate: Candidate
    identity: PreparedIdentity | None
    refusal: InspectError | None = None

    def split_of(self, name: str) -> str | None:
        """Which of the config's folders ``name`` is: ``train``, ``test`` or none."""
        if self.identity is None:
            return None
        splits = {self.identity.train_hash: "train", self.identity.test_hash: "test"}
        return splits.get(name)


def confirm(target: Target, worker: AxolotlWorker) -> Target:
    """Return ``target`` with what axolotl's hash says of it; takes seconds the first time.

    For a dataset: confirms its config, or puts in place the candidate that really made it. For a
    config: puts in place the folder that is really its own. Never raises for what the config or
    the worker's state causes: the status is then UNKNOWN and the message says why.
    """
    if target.config is None or not target.candidates:
        return target
    if target.kind is TargetKind.CONFIG:
        asked = replace(target, ambiguous=False)
        return _confirm_config(asked, _hash(target.candidates[0], worker))
    if target.dataset is None:
        return target
    return _confirm_dataset(target, target.dataset, worker)


def _hash(candidate: Candidate, worker: AxolotlWorker) -> _Hashed:
    try:
        identity = worker.call(
            identify, candidate.config.path, candidate.cwd, timeout=FIRST_TIMEOUT
        )
    except InspectError as error:
        return _Hashed(candidate, None, error)
    if not identity.left_out:
        remember(candidate.config, cwd=candidate.cwd, hashes=identity.hashes)
    return _Hashed(candidate, identity)


def _confirm_dataset(target: Target, dataset: PreparedFolder, worker: AxolotlWorker) -> Target:
    name = dataset.path.name
    tried: list[_Hashed] = []
    for candidate in target.candidates[:MAX_CANDIDATES]:
        hashed = _hash(candidate, worker)
        split = hashed.split_of(name)
        if split is not None:
            return _confirmed(target, dataset, hashed, split)
        tried.append(hashed)
    first = tried[0]
    if first.identity is None:
        return _unknown(target, first)
    if not is_hash(name):
        message = f"{name} is not named by a hash, so nothing tells which config made it"
        return replace(target, status=Status.UNKNOWN, message=message, identity=first.identity)
    return replace(
        target,
        status=Status.STALE,
        message=_different(first, name, others=len(tried) - 1),
        fix=f"{prepare_hint(first.candidate.config)}, or name its config with --config",
        identity=first.identity,
    )


def _confirmed(target: Target, dataset: PreparedFolder, hashed: _Hashed, split: str) -> Target:
    config = hashed.candidate.config
    message = f"{config.path.name} made this folder (axolotl's hash agrees)"
    if split == "test":
        message = f"{config.path.name} made this folder of its test_datasets (the hash agrees)"
    if target.config is not None and config.path != target.config.path:
        message = f"{message}, not {target.config.path.name}"
    moved = replace(
        target,
        status=Status.CONFIRMED,
        message=message,
        fix="",
        dataset=dataset,
        config=config,
        candidates=(hashed.candidate, *(c for c in target.candidates if c != hashed.candidate)),
        cwd=hashed.candidate.cwd,
        split=split,
        identity=hashed.identity,
        tokenizer=_tokenizer(target, hashed.candidate),
    )
    newer = newer_inputs(config, cwd=moved.cwd, than=dataset.modified, tokenizer=moved.tokenizer)
    if newer:
        return replace(
            moved,
            status=Status.STALE,
            message=f"may be stale: {newer[0]} changed after it was prepared"
            + (f", and {len(newer) - 1} more" if len(newer) > 1 else ""),
            fix=prepare_hint(config),
        )
    return moved


def _confirm_config(target: Target, hashed: _Hashed) -> Target:
    config = hashed.candidate.config
    if hashed.identity is None:
        return _unknown(target, hashed)
    if config.unprepared_key:
        return replace(target, identity=hashed.identity)
    for folder in _folders_of(hashed.identity, config, cwd=target.cwd):
        split = hashed.split_of(folder.path.name) or "train"
        return _confirmed(_offering(target, folder), folder, hashed, split)
    if target.dataset is None:
        return replace(target, identity=hashed.identity)
    return replace(
        target,
        status=Status.STALE,
        message=_different(hashed, target.dataset.path.name, others=0),
        fix=prepare_hint(config),
        identity=hashed.identity,
    )


def _folders_of(
    identity: PreparedIdentity, config: Config, *, cwd: Path
) -> Iterator[PreparedFolder]:
    """Yield the complete folders that bear a config's hashes, those of ``cwd`` first."""
    for base in (cwd, *config_bases(config.path)):
        for name in identity.hashes:
            for root in prepared_roots(config, cwd=base):
                folder = _folder(root / name)
                if folder is not None and folder.state is FolderState.COMPLETE:
                    yield folder


def _offering(target: Target, folder: PreparedFolder) -> Target:
    others = tuple(item for item in target.datasets if item.path != folder.path)
    return replace(target, datasets=(folder, *others))


def _folder(path: Path) -> PreparedFolder | None:
    try:
        return prepared_folder(path)
    except OSError:
        return None


def _different(hashed: _Hashed, name: str, *, others: int) -> str:
    assert hashed.identity is not None
    config, made = hashed.candidate.config.path.name, hashed.identity.train_hash
    said = f"{config} now prepares {made}, not {name}: it was changed since, or did not make it"
    if others:
        said += f"; nor did {others} other config{'s' if others > 1 else ''} that lead here"
    if hashed.identity.left_out:
        said += f" (hashed without {', '.join(hashed.identity.left_out)})"
    return said


def _unknown(target: Target, hashed: _Hashed) -> Target:
    refusal = hashed.refusal
    assert refusal is not None
    return replace(
        target,
        status=Status.UNKNOWN if target.dataset else target.status,
        message=f"not confirmed: {refusal.message}",
        fix=refusal.fix or "",
    )


def _tokenizer(target: Target, candidate: Candidate) -> TokenizerReference | None:
    given = target.tokenizer
    flag = given.name if given is not None and given.from_flag else None
    return tokenizer_reference(flag=flag, config=candidate.config, bases=tokenizer_bases(candidate))


def newer_inputs(
    config: Config, *, cwd: Path, than: float, tokenizer: TokenizerReference | None = None
) -> tuple[str, ...]:
    """Name the local inputs that changed after ``than`` (seconds): the hash knows none of them."""
    named = [file for entry in (*config.datasets, *config.test_datasets) for file in entry.files]
    template = config.values.get("chat_template_jinja")
    paths = [absolute(str(name), base=cwd) for name in (*named, template) if name]
    if tokenizer is not None and tokenizer.folder is not None and not tokenizer.from_flag:
        paths += tokenizer_files(tokenizer.folder)
    return tuple(str(path) for path in paths if _modified(path) > than)


def _modified(path: Path) -> float:
    """When a file, or the newest file directly in a folder, was last written; 0 if not there."""
    try:
        times = [item.stat().st_mtime for item in path.iterdir()] if path.is_dir() else []
        return max([path.stat().st_mtime, *times])
    except (OSError, ValueError):
        return 0.0
