"""A copy of a config's values that is changed key by key, each change with its reason.

What a person keeps stays as written; what they set is theirs. Nothing here knows why a key should
change: the rules are in the modules beside this one.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SET_BY_YOU = "set on the command line"

SOURCE_KEYS = ("datasets", "test_datasets", "pretraining_dataset", "base_model")
"""What a person sets here says where something comes from; it is still made small."""


@dataclass(frozen=True)
class Override:
    """One changed key, dotted (``datasets.0.path``); ``old`` or ``new`` None: not there."""

    key: str
    old: Any
    new: Any
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented machine-readable form (docs/schemas/debug.json)."""
        return {"key": self.key, "old": self.old, "new": self.new, "reason": self.reason}


class Draft:
    """The derived config in the making: ``values``, and the ``overrides`` that led there."""

    def __init__(
        self, written: Mapping[str, Any], *, keep: Iterable[str] = (), given: Mapping[str, Any]
    ) -> None:
        self.values: dict[str, Any] = copy.deepcopy(dict(written))
        self.kept: dict[str, str] = {}
        """Keys that stay as a person wants them, and why they would have been changed."""
        self._keep: tuple[str, ...] = ()
        self._changes: dict[str, Override] = {}
        for key, value in given.items():
            self.set(key, value, SET_BY_YOU)
        pinned = (key for key in given if key.split(".")[0] not in SOURCE_KEYS)
        self._keep = (*keep, *pinned)

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Every change, in the order made; what was changed back is no change."""
        return tuple(item for item in self._changes.values() if not _same(item.old, item.new))

    def get(self, key: str) -> Any:
        """Return the value of a dotted key, None where it is not there."""
        found: Any = self.values
        for part in key.split("."):
            found = _member(found, part)
        return found

    def set(self, key: str, new: Any, reason: str) -> bool:
        """Write a key, unless it is kept or already so; tell whether it now has that value."""
        old = self.get(key)
        if _same(old, new):
            return True
        if self._is_kept(key):
            self.kept[key] = reason
            return False
        parent, last = self._parent(key)
        if isinstance(parent, list):
            parent[int(last)] = new
        else:
            parent[last] = new
        self._note(key, old, new, reason)
        return True

    def remove(self, reason: str, *keys: str) -> None:
        """Take keys out that are written; an empty one goes without being told."""
        for key in keys:
            old = self.get(key)
            if old is None:
                self._drop(key)
            elif self._is_kept(key):
                self.kept[key] = reason
            else:
                self._drop(key)
                self._note(key, old, None, reason)

    def _note(self, key: str, old: Any, new: Any, reason: str) -> None:
        before = self._changes.pop(key, None)
        first = old if before is None else before.old
        self._changes[key] = Override(key, copy.deepcopy(first), copy.deepcopy(new), reason)

    def _drop(self, key: str) -> None:
        *path, last = key.split(".")
        parent: Any = self.get(".".join(path)) if path else self.values
        if isinstance(parent, dict):
            parent.pop(last, None)

    def _parent(self, key: str) -> tuple[Any, str]:
        *path, last = key.split(".")
        parent: Any = self.values
        for part in path:
            child = _member(parent, part)
            if not isinstance(child, dict | list):
                if not isinstance(parent, dict):
                    raise InspectError("there is no such item", place=key)
                child = parent[part] = {}
            parent = child
        if isinstance(parent, list) and not (last.isdigit() and int(last) < len(parent)):
            raise InspectError("there is no such item", place=key)
        return parent, last

    def _is_kept(self, key: str) -> bool:
        return any(key == kept or key.startswith(f"{kept}.") for kept in self._keep)

    def refuse_needless(self, keep: Iterable[str]) -> None:
        """Raise InspectError for a kept key that nothing would have changed: likely misspelt."""
        for key in keep:
            if any(item == key or item.startswith(f"{key}.") for item in self.kept):
                continue
            close = get_close_matches(key, [*self._changes, *self.values], n=1)
            raise InspectError(
                f"--keep {key}: the debug run does not change it",
                fix=f"did you mean {close[0]}?" if close and close[0] != key else "leave it out",
            )


def parse_setting(text: str) -> tuple[str, Any]:
    """Read ``key=value``, the value as YAML; raises InspectError for anything else."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InspectError(f"--set {text}: not KEY=VALUE", fix="--set max_steps=10")
    try:
        return key.strip(), yaml.safe_load(value)
    except yaml.YAMLError:
        raise InspectError(f"--set {text}: the value is not YAML", fix="quote it") from None


def _member(container: Any, part: str) -> Any:
    if isinstance(container, dict):
        return container.get(part)
    if isinstance(container, list) and part.isdigit() and int(part) < len(container):
        return container[int(part)]
    return None


def _same(old: Any, new: Any) -> bool:
    """Compare as YAML does: 1 is not true."""
    return type(old) is type(new) and bool(old == new)
