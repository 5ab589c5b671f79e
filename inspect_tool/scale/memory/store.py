"""Models that were looked at before: a file each in the user's cache, so that torch is not needed.

The key is the config.json with the versions of the libraries that make a model of it; variants that
are not known yet are asked of the axolotl worker and added.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.runs.tiny.source import fetch_config, find_config
from inspect_tool.scale.memory.shape import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.scale.memory.plain import PlainTable
    from inspect_tool.scale.memory.shape import Variant

ELSEWHERE = "--model FOLDER names one that holds a config.json"
FORMAT = 3
"""Raised when what is counted changes, so that older files are not read."""
PACKAGES = ("torch", "transformers", "peft", "accelerate")
KEPT = 200
"""Models that stay remembered; each is a file of some 10 kB."""
SECONDS = 300.0
"""After which a model that does not come to an end is given up."""


def model_config(
    values: Mapping[str, Any], *, cwd: Path, model: str | None = None
) -> dict[str, Any]:
    """Return the config.json of a config's base model, with the YAML's own changes of it.

    ``model`` is a folder or name to take it from instead. What is not on this machine is fetched
    when online (some kilobytes). Raises InspectError, with the way out, where it cannot be had.
    """
    name = model or str(values.get("base_model_config") or values.get("base_model") or "")
    revision = None if model else str(values.get("revision_of_model") or "") or None
    found = find_config(name, cwd=cwd, revision=revision) or _fetched(name, cwd, revision)
    place = None if model else "base_model"
    if found is None:
        raise InspectError(
            f"the config.json of {name} is not on this machine",
            place=place,
            fix=f"fetch it with `hf download {name} config.json`, or {ELSEWHERE}",
        )
    if not isinstance(found.get("model_type"), str):
        raise InspectError(
            f"the config.json of {name} names no model_type, so its shape is not known",
            place=place,
            fix=ELSEWHERE,
        )
    changes = values.get("overrides_of_model_config")
    return {**found, **(changes if isinstance(changes, dict) else {})}


def _fetched(name: str, cwd: Path, revision: str | None) -> dict[str, Any] | None:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or name.startswith((".", "/", "~")) or name.count("/") > 1:
        return None
    with suppress(InspectError):
        fetch_config(name, revision=revision)
    return find_config(name, cwd=cwd, revision=revision)


def model_of(
    config: Mapping[str, Any],
    variants: Iterable[Variant],
    worker: Callable[[], AxolotlWorker],
) -> Model:
    """Return what is known of a model; ``worker`` is asked for only where something is not.

    Raises InspectError where transformers cannot build it, WorkerError where torch is missing.
    """
    from inspect_tool.scale.memory.probe import look_at_model

    wanted = tuple(dict.fromkeys(variants))
    file = _file(config)
    known = _read(file)
    missing = tuple(item for item in wanted if known is None or item.key not in known.kept)
    if known is not None and not missing:
        return known
    found = worker().call(look_at_model, dict(config), missing, timeout=SECONDS)
    whole = Model(found.shape, {**(known.kept if known else {}), **found.kept})
    _write(file, whole.to_json())
    return whole


def plain_of(config: Mapping[str, Any], worker: Callable[[], AxolotlWorker]) -> PlainTable:
    """Return accelerate's own table of a model; ``worker`` makes it the first time."""
    from inspect_tool.scale.memory.plain import PlainTable, plain_table

    file = _file(config).with_suffix(".plain.json")
    with suppress(OSError, ValueError, KeyError, TypeError):
        return PlainTable.from_json(json.loads(file.read_text("utf-8")))
    table = worker().call(plain_table, dict(config), timeout=SECONDS)
    _write(file, table.to_json())
    return table


def _read(file: Path) -> Model | None:
    try:
        return Model.from_json(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, read: dict[str, Any]) -> None:
    """Keep it, best effort: without a cache the worker is asked again."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(read), "utf-8")
        draft.replace(file)
        kept = sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink(missing_ok=True)


def _file(config: Mapping[str, Any]) -> Path:
    import platformdirs

    said = json.dumps([FORMAT, config, _versions()], sort_keys=True, default=str)
    key = hashlib.sha256(said.encode()).hexdigest()[:32]
    return platformdirs.user_cache_path("inspect-tool") / "shapes" / f"{key}.json"


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
