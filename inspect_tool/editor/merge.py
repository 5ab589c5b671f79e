"""Our part of each ``.vscode`` file put into what a person has there: pure functions of text.

What is ours is known by its name: configurations and compounds by ``name``, tasks by ``label``,
inputs by ``id``. It is replaced where it stands; everything else stays as it is, to the character.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inspect_tool.editor import edit, launch_json, tasks_json
from inspect_tool.editor.jsonc import JsoncError, Node, is_blank, parse
from inspect_tool.editor.schema import is_ours
from inspect_tool.editor.settings_json import EXTENSIONS, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_tool.editor.launches import Launches

HEADS = {
    "launch.json": "// Press F5. `inspect-tool vscode` keeps the configurations of these names.",
    "tasks.json": "// `inspect-tool vscode` keeps the tasks of these names.",
    "settings.json": "// `inspect-tool vscode` keeps the schema of axolotl's YAMLs.",
    "extensions.json": "// What the debug configurations and the YAML's completion need.",
}
"""The comment at the head of a file that was not there."""


def launch_text(text: str | None, launches: Launches) -> str:
    """Return launch.json with our configurations, compounds and inputs."""
    text = _begun(text, "launch.json")
    text = _version(text, launch_json.VERSION)
    text = _named(text, "configurations", "name", launch_json.configurations(launches))
    text = _named(text, "compounds", "name", launch_json.compounds(launches))
    return _named(text, "inputs", "id", launch_json.inputs())


def tasks_text(text: str | None, launches: Launches) -> str:
    """Return tasks.json with our tasks."""
    text = _version(_begun(text, "tasks.json"), tasks_json.VERSION)
    return _named(text, "tasks", "label", tasks_json.tasks(launches))


def settings_text(text: str | None, schema: str | None, patterns: list[str]) -> str | None:
    """Return settings.json with the schema given to ``patterns``; other versions' are taken out.

    None where there is nothing to say and no file.
    """
    if text is None and not (schema and patterns):
        return None
    text = _begun(text, "settings.json")
    for key in [key for key in _keys(text, SCHEMAS) if is_ours(key)]:
        if key != schema or not patterns:
            text = edit.drop_key(text, _holder(text, SCHEMAS, {}), key)
    if not schema or not patterns:
        return text
    text = _ensured(text, SCHEMAS, {})
    return edit.set_key(text, _holder(text, SCHEMAS, {}), schema, patterns)


def extensions_text(text: str | None) -> str:
    """Return extensions.json with ours recommended, unless a person does not want them."""
    text = _begun(text, "extensions.json")
    unwanted = parse(text).member("unwantedRecommendations")
    refused = {str(item).lower() for item in (unwanted.value if unwanted else None) or ()}
    text = _ensured(text, "recommendations", [])
    for extension in EXTENSIONS:
        holder = _holder(text, "recommendations", [])
        known = {str(item).lower() for item in holder.value}
        if extension not in known | refused:
            text = edit.append(text, holder, extension)
    return text


def _begun(text: str | None, name: str) -> str:
    """Return a file to put things into; one without a value counts as none, as in VS Code."""
    if text is None or not text.strip("\ufeff \t\r\n"):
        return f"{HEADS[name]}\n{{\n}}\n"
    if is_blank(text):
        end = "\r\n" if "\r\n" in text else "\n"
        return f"{text.rstrip()}{end}{{{end}}}{end}"
    if parse(text).kind != "object":
        raise JsoncError("no object at the top")
    return text


def _version(text: str, version: str) -> str:
    document = parse(text)
    return text if document.member("version") else edit.set_key(text, document, "version", version)


def _named(text: str, key: str, name: str, wanted: Iterable[dict[str, Any]]) -> str:
    """Put items into an array, each in the place of the one that bears its name."""
    text = _ensured(text, key, [])
    for item in wanted:
        holder = _holder(text, key, [])
        found = [
            node
            for node in holder.items
            if isinstance(node.value, dict) and node.value.get(name) == item[name]
        ]
        text = edit.replace(text, found[0], item) if found else edit.append(text, holder, item)
    return text


def _ensured(text: str, key: str, empty: Any) -> str:
    document = parse(text)
    return text if document.member(key) else edit.set_key(text, document, key, empty)


def _holder(text: str, key: str, empty: Any) -> Node:
    node = parse(text).member(key)
    if node is None or not isinstance(node.value, type(empty)):
        kind = "a list" if isinstance(empty, list) else "an object"
        raise JsoncError(f"{json.dumps(key)} is not {kind}")
    return node


def _keys(text: str, key: str) -> list[str]:
    node = parse(text).member(key)
    return list(node.value) if node is not None and isinstance(node.value, dict) else []
