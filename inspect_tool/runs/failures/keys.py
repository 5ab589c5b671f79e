"""Which YAML key a failure is about, as the person's config has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.runs.config import Config


def written_first(keys: Sequence[str], config: Config) -> tuple[str, ...]:
    """Return ``keys`` as the config has them, those that it writes before the others.

    Parts that only axolotl's schema has (``datasets.0.SFTDataset.type``) are left out.
    """
    named = {key: _as_written(key, config) for key in keys}
    written = [found for found in named.values() if found]
    return (*dict.fromkeys(written), *(key for key, found in named.items() if not found))


def _as_written(key: str, config: Config) -> str:
    """Return ``key`` without the parts that the YAML does not have; empty if it has none."""
    nearest = ""
    for part in key.split("."):
        candidate = f"{nearest}.{part}" if nearest else part
        if config.line_of(candidate) is not None:
            nearest = candidate
    return nearest
