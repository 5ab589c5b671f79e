"""Axolotl's own JSON schema of its YAML, from the class that validates it, one file a version.

`axolotl config-schema` prints it too, where that class can be dumped: with torch types among the
values of an enum (axolotl 0.19) it falls back to field names with Python types, which no editor
reads. Here those values are written as the YAML has them.
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_tool.axolotl_worker import AxolotlWorker

SECONDS = 300.0
_OURS = re.compile(r"(?:\./)?\.vscode/axolotl-[\w-]+\.json")


def file_name() -> str | None:
    """Return the schema's file name for the installed axolotl, None where there is none.

    One dot only: not every release of the YAML extension knew a relative path with more as one.
    """
    try:
        version = metadata.version("axolotl")
    except metadata.PackageNotFoundError:
        return None
    return f"axolotl-{re.sub(r'[^0-9A-Za-z]+', '-', version)}.json"


def is_ours(path: str) -> bool:
    """Tell whether a key of ``yaml.schemas`` is a schema of this module, of any version."""
    return bool(_OURS.fullmatch(path))


def read_schema(worker: AxolotlWorker) -> str:
    """Return the schema as text; asks axolotl, which takes some seconds."""
    return worker.call(dump_schema, timeout=SECONDS)


def dump_schema() -> str:
    """Dump the schema; runs in the worker."""
    from axolotl.utils.schemas.config import AxolotlInputConfig
    from pydantic.json_schema import GenerateJsonSchema

    class Dump(GenerateJsonSchema):
        """Writes what JSON has no form for as the YAML names it, or leaves it open."""

        def enum_schema(self, schema: Any) -> dict[str, Any]:
            try:
                return super().enum_schema(schema)
            except ValueError:
                values = [getattr(item, "value", item) for item in schema["members"]]
                return {"enum": [str(value).removeprefix("torch.") for value in values]}

        def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:
            del schema, error_info
            return {}

        def emit_warning(self, kind: Any, detail: str) -> None:
            del kind, detail

    schema = AxolotlInputConfig.model_json_schema(schema_generator=Dump)
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False) + "\n"
