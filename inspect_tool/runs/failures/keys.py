"""Which YAML key a failure is about, as the person's config has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.runs.config import Config

VALUE = "="
"""Before a text that is no key but the value of the key that is meant."""


def written_first(keys: Sequence[str], config: Config | None) -> tuple[str, ...]:
    """Return ``keys``, those with a place in the config before the others.

    A ``VALUE`` becomes the key that has it, or is left out where none has.
    """
    plain = [key for key in keys if not key.startswith(VALUE)]
    if config is None:
        return tuple(plain)
    values = {key.removeprefix(VALUE) for key in keys if key.startswith(VALUE)}
    plain[:0] = [key for key, value in _leaves(config.values) if str(value) in values]
    placed = [key for key in plain if line_of(key, config)]
    return tuple(dict.fromkeys([*placed, *plain]))


def line_of(key: str, config: Config) -> int | None:
    """Return the line of a key, else of the entry that it belongs into; None where neither is."""
    parts = key.split(".")
    lines = (config.line_of(".".join(parts[:end])) for end in range(len(parts), 0, -1))
    return next((line for line in lines if line is not None), None)


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each single value of a config with its dotted key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        dotted = f"{prefix}{key}"
        if isinstance(inner, dict | list):
            yield from _leaves(inner, f"{dotted}.")
        else:
            yield dotted, inner
