"""Asks axolotl, in its worker, whether it takes a config as it is, and which keys it ignores."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import yaml

from inspect_tool.axolotl_tasks import axolotl_at, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HARMLESS = ("axolotl.", "inspect_tool.")
"""Plugins that are axolotl's own or this tool's; others are code, which is not run for a check."""


@dataclass(frozen=True)
class Verdict:
    """What axolotl says of a config; ``refusal`` is None where it accepts it.

    ``unknown`` keys are those that it silently leaves out, each with the known key most like it,
    or an empty text; ``left_out`` plugins were not asked.
    """

    refusal: str | None
    unknown: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def validate(text: str, cwd: Path) -> Verdict:
    """Load a config's ``text`` as ``axolotl train`` does before it reads data or weights.

    Relative paths start from ``cwd``. Nothing is written outside a scratch folder, and the Hub is
    not asked.
    """
    values = yaml.safe_load(text)
    plugins = [str(name) for name in values.get("plugins") or []]
    harmless = [name for name in plugins if name.startswith(_HARMLESS)]
    left_out = tuple(name for name in plugins if name not in harmless)
    with axolotl_at(cwd, offline=True) as scratch:
        from axolotl.cli.config import load_cfg
        from axolotl.integrations.config import merge_input_args
        from axolotl.utils.dict import DictDefault

        values |= {"plugins": harmless or None, "output_dir": str(scratch / "out")}
        values.pop("trust_remote_code", None)
        try:
            load_cfg(DictDefault(values))
        except Exception as error:  # whatever axolotl raises is its answer
            return Verdict(first_line(error) or type(error).__name__, left_out=left_out)
        known = sorted(_names(merge_input_args()[0]))
    asked = [str(key) for key, value in values.items() if value is not None]
    unknown = {key: _nearest(key, known) for key in asked if key not in known}
    return Verdict(None, unknown, left_out)


def _nearest(key: str, known: list[str]) -> str:
    return next(iter(get_close_matches(key, known, n=1, cutoff=0.85)), "")


def _names(model: Any) -> Iterator[str]:
    """Yield the keys that a pydantic model reads, aliases too."""
    for name, described in model.model_fields.items():
        yield name
        alias = described.validation_alias
        choices = getattr(alias, "choices", [alias])
        yield from (choice for choice in [*choices, described.alias] if isinstance(choice, str))
