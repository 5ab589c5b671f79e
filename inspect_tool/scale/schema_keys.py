"""Keys that axolotl's schema does not have: it drops them without a word. Runs in the worker."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from inspect_tool.scale.answers import UnknownKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def unknown_keys(values: Mapping[str, Any]) -> Iterator[UnknownKey]:
    """Yield the unknown keys of a config, dotted, those inside known mappings too.

    Call it while the config's plugins are registered: they add keys of their own.
    """
    from axolotl.integrations.config import merge_input_args
    from axolotl.utils.schemas.config import AxolotlInputConfig

    schema = merge_input_args()[1] if values.get("plugins") else AxolotlInputConfig
    yield from _unknown((schema,), values, "")


def _unknown(
    schemas: tuple[Any, ...], values: Mapping[str, Any], prefix: str
) -> Iterator[UnknownKey]:
    fields = {name: item for schema in schemas for name, item in _fields(schema)}
    for key, value in values.items():
        if value is None:
            continue  # an empty key says nothing
        plain = key.removeprefix("fsdp_") if prefix == "fsdp_config." else key
        if plain not in fields and key not in fields:
            if not _is_handled(str(key)):
                close = difflib.get_close_matches(str(key), fields, n=1, cutoff=0.75)
                yield UnknownKey(f"{prefix}{key}", f"{prefix}{close[0]}" if close else "")
            continue
        inner = tuple(_schemas(fields[plain if plain in fields else key]))
        if not inner:
            continue
        if isinstance(value, dict):
            yield from _unknown(inner, value, f"{prefix}{key}.")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _unknown(inner, item, f"{prefix}{key}.{index}.")


def _fields(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield every name by which a field can be written, with its type."""
    for name, item in schema.model_fields.items():
        aliases = (item.alias, item.validation_alias)
        written = {name, *(alias for alias in aliases if isinstance(alias, str))}
        written |= set(getattr(item.validation_alias, "choices", ()))
        for text in written:
            if isinstance(text, str):
                yield text, item.annotation


def _schemas(annotation: Any) -> Iterable[Any]:
    """Return the schemas inside a type; none where it also takes any mapping."""
    arguments = get_args(annotation)
    if not arguments:
        return (annotation,) if hasattr(annotation, "model_fields") else ()
    if any(
        argument is dict or getattr(argument, "__origin__", None) is dict for argument in arguments
    ):
        return ()
    return [schema for argument in arguments for schema in _schemas(argument)]


def _is_handled(key: str) -> bool:
    """Tell whether axolotl's validators name a key that is no field: they rename or refuse it."""
    return f'"{key}"' in _validators()


@cache
def _validators() -> str:
    from axolotl.utils import schemas

    return "\n".join(file.read_text("utf-8") for file in Path(schemas.__path__[0]).glob("*.py"))
